package phonebook

import "slices"

// Class is the severity of a finding.
type Class string

// The classes, the worst first. They are labels: final.
const (
	ClassFile   Class = "file"   // the file is damaged
	ClassEntry  Class = "entry"  // an entry, or the phone book, cannot be used to dial
	ClassOddity Class = "oddity" // worth a look; phone books with it are in use
)

// CheckID is the name of a check.
type CheckID string

// The checks. Their names are labels: final.
const (
	CheckEmptyFile          CheckID = "empty_file"
	CheckNULBytes           CheckID = "nul_bytes"
	CheckUTF16Mark          CheckID = "utf16_mark"
	CheckControlBytes       CheckID = "control_bytes"
	CheckTooManyEntries     CheckID = "too_many_entries"
	CheckKeyBeforeSection   CheckID = "key_before_section"
	CheckMalformedLine      CheckID = "malformed_line"
	CheckMalformedHeader    CheckID = "malformed_header"
	CheckDuplicateEntry     CheckID = "duplicate_entry"
	CheckEntriesRunTogether CheckID = "entries_run_together"
	CheckTruncatedTail      CheckID = "truncated_tail"

	CheckNoEntries          CheckID = "no_entries"
	CheckMediaMissing       CheckID = "media_missing"
	CheckMediaEmpty         CheckID = "media_empty"
	CheckDeviceMissing      CheckID = "device_missing"
	CheckDeviceEmpty        CheckID = "device_empty"
	CheckDeviceBeforeMedia  CheckID = "device_before_media"
	CheckDeviceTypeOver16   CheckID = "device_type_over_16"
	CheckDeviceNameOver128  CheckID = "device_name_over_128"
	CheckPortMissing        CheckID = "port_missing"
	CheckNameEmpty          CheckID = "name_empty"
	CheckNameOver256        CheckID = "name_over_256"
	CheckPhoneNumberOver128 CheckID = "phone_number_over_128"
	CheckDialedMissing      CheckID = "dialed_entry_missing"
	CheckDialedNameOver20   CheckID = "dialed_name_over_20"

	CheckNameOver20        CheckID = "name_over_20"
	CheckNameCharacters    CheckID = "name_characters"
	CheckNameNotASCII      CheckID = "name_not_ascii"
	CheckEntriesOver10     CheckID = "entries_over_10"
	CheckDevicesOverLimit  CheckID = "devices_over_limit"
	CheckGroupKeyMisplaced CheckID = "group_key_misplaced"
	CheckNumberMissing     CheckID = "number_missing"
	CheckDialedNameCase    CheckID = "dialed_name_case"
	CheckDialedUndecided   CheckID = "dialed_entry_undecided"
	CheckHeaderInValue     CheckID = "header_in_value"
	CheckSettingInValue    CheckID = "setting_in_value"
	CheckLineOver1024      CheckID = "line_over_1024"
	CheckSkipDownlevel     CheckID = "skip_downlevel_dialog"
	CheckNewerWindows      CheckID = "newer_windows"
	CheckUTF8Mark          CheckID = "utf8_mark"
	CheckLoneCR            CheckID = "lone_cr"
	CheckLFOnly            CheckID = "lf_only"
	CheckNoFinalNewline    CheckID = "no_final_newline"
	CheckDOSEndMark        CheckID = "dos_end_mark"
)

// CheckInfo describes a check, whatever it finds.
type CheckInfo struct {
	Check   CheckID
	Class   Class
	Title   string // a few words that fit after "the phone book is damaged:", without a full stop
	Meaning string // one line
	Remedy  string // one line
	Article string // of the Microsoft knowledge base, "Q156063"; empty if there is none
}

// Checks returns every check, the worst class first, in the order of the
// documentation. Findings come in this order too.
func Checks() []CheckInfo { return slices.Clone(checks) }

// Info returns the description of a check. For an unknown check it has the name for its
// title and nothing else.
func (id CheckID) Info() CheckInfo {
	if i, ok := checkIndex[id]; ok {
		return checks[i]
	}
	return CheckInfo{Check: id, Title: string(id)}
}

// checkIndex holds the place of each check in checks.
var checkIndex = indexChecks()

func indexChecks() map[CheckID]int {
	index := make(map[CheckID]int, len(checks))
	for i, info := range checks {
		index[info.Check] = i
	}
	return index
}

// Remedies of several checks.
const (
	restore   = "Restore the phone book from a backup."
	redial    = "Delete the entry and make it again in Dial-Up Networking."
	rename    = "Rename the entry in Dial-Up Networking."
	resave    = "Nothing, as long as calls work. Editing any entry in Dial-Up Networking writes the file again."
	lineBreak = "Put the line break back before the second name, or restore the phone book from a backup."
	chooseNew = "Choose the entry again in the properties of the Internet Mail Service."
)

// checks is never changed.
//
// A phone book without entries is legal for RAS (MS-RRASM 2.2.2), so it is not of class
// file. It is not an oddity either, because the Internet Mail Service then has nothing to
// dial and no mail leaves. That is what class entry means.
var checks = []CheckInfo{
	{CheckEmptyFile, ClassFile, "the file is empty", "The file has no content.", restore, ""},
	{CheckNULBytes, ClassFile, "part of it is overwritten with zero bytes", "The file contains zero bytes (NUL). A crash of the server can leave them.", restore, ""},
	{CheckUTF16Mark, ClassFile, "saved as Unicode", "The file was saved as Unicode (UTF-16). RAS reads 8-bit text only.", "Open it in Notepad and save it as ANSI text, or restore it from a backup.", ""},
	{CheckControlBytes, ClassFile, "not a text file", "More than half of the file is control bytes, so it is not a text file.", restore, ""},
	{CheckTooManyEntries, ClassFile, "more than 10,000 entries", "The file has more than 10,000 entries, far more than any real phone book. The rest was not checked.", restore, ""},
	{CheckKeyBeforeSection, ClassFile, "a setting before the first entry", "A setting comes before the first [entry], so it belongs to none.", restore, ""},
	{CheckMalformedLine, ClassFile, "a line that makes no sense", "A line is not blank, not an [entry], and not key=value.", restore, ""},
	{CheckMalformedHeader, ClassFile, "a damaged [entry] line", "A line that begins with [ is not of the form [entry].", restore, ""},
	{CheckDuplicateEntry, ClassFile, "two entries with the same name", "Two entries have the same name. Names that differ only in capitals count as the same.", "Rename or delete one of the two.", ""},
	{CheckEntriesRunTogether, ClassFile, "two entries have run together", "The line break before an [entry] is lost, so its settings count as those of the entry before it.", lineBreak, ""},
	{CheckTruncatedTail, ClassFile, "the end is missing", "The file ends in the middle of a line or of an entry.", restore, ""},

	{CheckNoEntries, ClassEntry, "no entries", "The phone book has no entries: there is nothing to dial.", "Make the entry in Dial-Up Networking, or restore the phone book from a backup.", ""},
	{CheckMediaMissing, ClassEntry, "no MEDIA line", "The entry has no MEDIA= line, so it does not say what kind of connection it is.", redial, ""},
	{CheckMediaEmpty, ClassEntry, "an empty MEDIA line", "A MEDIA= line has no value, so the entry does not say what kind of connection it is.", redial, ""},
	{CheckDeviceMissing, ClassEntry, "no DEVICE line", "A MEDIA= line has no DEVICE= line after it, so there is no device to dial with.", redial, ""},
	{CheckDeviceEmpty, ClassEntry, "an empty DEVICE line", "A DEVICE= line has no value, so there is no device to dial with.", redial, ""},
	{CheckDeviceBeforeMedia, ClassEntry, "a DEVICE line before MEDIA", "A DEVICE= line comes before the first MEDIA= line.", redial, ""},
	{CheckDeviceTypeOver16, ClassEntry, "an impossible device type", "A device type (DEVICE=) has more than 16 characters, the limit of RAS.", redial, ""},
	{CheckDeviceNameOver128, ClassEntry, "an impossible device name", "A device name (Device=) has more than 128 characters, the limit of RAS.", redial, ""},
	{CheckPortMissing, ClassEntry, "no Port line", "A MEDIA= line has no Port= line after it. Capitals count: PORT= is another key.", redial, ""},
	{CheckNameEmpty, ClassEntry, "an entry without a name", "The entry's name is empty.", redial, ""},
	{CheckNameOver256, ClassEntry, "a name of more than 256 characters", "The entry's name has more than 256 characters, the limit of RAS.", rename, ""},
	{CheckPhoneNumberOver128, ClassEntry, "a phone number of more than 128 characters", "A phone number has more than 128 characters, the limit of RAS.", "Correct the phone number in Dial-Up Networking.", ""},
	{CheckDialedMissing, ClassEntry, "a dialed entry is missing", "The Internet Mail Service dials an entry that is not in the phone book.", "Make the entry, or choose another one in the properties of the Internet Mail Service.", ""},
	{CheckDialedNameOver20, ClassEntry, "the name of a dialed entry is too long", "The Internet Mail Service cannot dial this entry: its name has more than 20 characters.", "Shorten the name, and choose the entry again in the properties of the Internet Mail Service.", "Q188272"},

	{CheckNameOver20, ClassOddity, "a name of more than 20 characters", "The entry's name has more than 20 characters. The Internet Mail Service could not dial it.", "Shorten the name before the Internet Mail Service is to dial the entry.", "Q156063"},
	{CheckNameCharacters, ClassOddity, "a name that RAS does not allow", `The entry's name has no letter or digit, or one of the characters | > < ? * \ / : that RAS does not allow.`, rename, ""},
	{CheckNameNotASCII, ClassOddity, "a name with accents or other special letters", "The entry's name has characters beyond ASCII. The RAS connector of Exchange 4.0 does not accept them.", "Rename the entry if that connector uses it.", "Q156440"},
	{CheckEntriesOver10, ClassOddity, "more than 10 entries", "The phone book has more than 10 entries. The System Attendant of Exchange 4.0 cannot read more.", "Delete entries if the server runs Exchange 4.0.", "Q152591"},
	{CheckDevicesOverLimit, ClassOddity, "too many DEVICE lines", "A MEDIA= line has more DEVICE= lines after it than its type allows: four for serial, one for any other.", redial, ""},
	{CheckGroupKeyMisplaced, ClassOddity, "a line in the wrong place", "Port= and Device= belong between MEDIA= and DEVICE=, PhoneNumber= after DEVICE=, and settings of the whole entry before MEDIA=. This one is elsewhere.", redial, ""},
	{CheckNumberMissing, ClassOddity, "no phone number", "A modem, ISDN, X.25 or VPN device has no number or address to dial.", "Enter it in the entry's properties.", ""},
	{CheckDialedNameCase, ClassOddity, "a dialed entry with other capitals or blanks", "The phone book has the dialed entry with other capitals, or with blanks around its name.", "Nothing, as long as calls work. Otherwise: " + chooseNew, ""},
	{CheckDialedUndecided, ClassOddity, "it cannot be decided whether a dialed entry is there", "It cannot be decided whether the phone book has this dialed entry, so it is not called missing.", "Compare the name with the entries in Dial-Up Networking.", ""},
	{CheckHeaderInValue, ClassOddity, "a value that ends like an [entry] line", "A value ends with a name in brackets. That may be part of it, or a line break before an [entry] is lost.", "If the name in brackets should be an entry: put the line break back before it.", ""},
	{CheckSettingInValue, ClassOddity, "a value with another setting in it", "A value has another setting in it, such as Device=. That may be part of it, or a line break is lost.", "If it should be a setting of its own: put the line break back before it.", ""},
	{CheckLineOver1024, ClassOddity, "a very long line", "A line has more than 1,024 bytes. Windows NT 4.0 before Service Pack 6 does not check the length, and can be attacked with it.", "Find out who wrote the line, and install Service Pack 6a.", "Q230677"},
	{CheckSkipDownlevel, ClassOddity, "SkipDownLevelDialog=1", "SkipDownLevelDialog=1 turns a logon dialog of the dial-up client off.", "Set it to 0 if the other side refuses the logon.", "Q123980"},
	{CheckNewerWindows, ClassOddity, "written by a newer Windows", "A newer Windows wrote this phone book (PBVersion=), and the server runs Windows NT 4.0.", "Make the entries again on this server. Phone books of different systems cannot be exchanged.", "Q169115"},
	{CheckUTF8Mark, ClassOddity, "saved as UTF-8", "The file was saved as UTF-8: it begins with the mark that editors write.", "Open it in Notepad and save it as ANSI text.", ""},
	{CheckLoneCR, ClassOddity, "Macintosh line ends", "Lines end with CR instead of CR LF.", resave, ""},
	{CheckLFOnly, ClassOddity, "Unix line ends", "Lines end with LF instead of CR LF.", resave, ""},
	{CheckNoFinalNewline, ClassOddity, "no line end at the end", "The last line has no line end. The end of its value may be missing.", "Check that the last value is complete.", ""},
	{CheckDOSEndMark, ClassOddity, "a Ctrl-Z at the end", "The file ends with Ctrl-Z. DOS programs write it.", resave, ""},
}
