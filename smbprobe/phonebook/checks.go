package phonebook

// Class says how bad a finding is.
type Class string

// The classes, the worst first. They are labels: final.
const (
	ClassFile   Class = "file"   // the file is damaged
	ClassEntry  Class = "entry"  // an entry, or the book, cannot be dialled with
	ClassOddity Class = "oddity" // worth a look; books with it are in use
)

// CheckID is the name of a check.
type CheckID string

// The checks. Their names are labels: final.
const (
	CheckEmptyFile        CheckID = "empty_file"
	CheckNULBytes         CheckID = "nul_bytes"
	CheckUTF16Mark        CheckID = "utf16_mark"
	CheckControlBytes     CheckID = "control_bytes"
	CheckTooManyGroups    CheckID = "too_many_groups"
	CheckKeyBeforeSection CheckID = "key_before_section"
	CheckMalformedLine    CheckID = "malformed_line"
	CheckMalformedHeader  CheckID = "malformed_header"
	CheckDuplicateEntry   CheckID = "duplicate_entry"
	CheckTruncatedTail    CheckID = "truncated_tail"

	CheckNoEntries          CheckID = "no_entries"
	CheckMediaMissing       CheckID = "media_missing"
	CheckDeviceMissing      CheckID = "device_missing"
	CheckDeviceBeforeMedia  CheckID = "device_before_media"
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
	CheckLineOver1024      CheckID = "line_over_1024"
	CheckSkipDownlevel     CheckID = "skip_downlevel_dialog"
	CheckNewerWindows      CheckID = "newer_windows"
	CheckUTF8Mark          CheckID = "utf8_mark"
	CheckLoneCR            CheckID = "lone_cr"
	CheckLFOnly            CheckID = "lf_only"
	CheckNoFinalNewline    CheckID = "no_final_newline"
	CheckDOSEndMark        CheckID = "dos_end_mark"
)

// CheckInfo is what there is to say of a check, whatever it finds.
type CheckInfo struct {
	Check   CheckID
	Class   Class
	Meaning string // one line
	Remedy  string // one line
	Article string // of the Microsoft knowledge base, "Q156063"; empty where there is none
}

// Checks returns every check, the worst class first, in the order of the
// documentation. Findings come in this order too.
//
// That a book has no entry is legal for RAS (MS-RRASM 2.2.2), so it is not of
// class file: the book is not damaged. It is no oddity either, because the
// Internet Mail Service then has nothing to dial and no mail leaves. That is
// what class entry says.
func Checks() []CheckInfo {
	const (
		restore = "Restore the phone book from a backup."
		redial  = "Make the entry again in Dial-Up Networking."
		resave  = "Nothing, while dialling works; editing an entry in Dial-Up Networking writes the file again."
	)
	return []CheckInfo{
		{CheckEmptyFile, ClassFile, "The file has no content.", restore, ""},
		{CheckNULBytes, ClassFile, "The file contains NUL bytes, as a crash of the server leaves them.", restore, ""},
		{CheckUTF16Mark, ClassFile, "The file begins with a UTF-16 mark; RAS reads 8-bit text.", "Save it as ANSI text, or restore it from a backup.", ""},
		{CheckControlBytes, ClassFile, "More than half of the file is control bytes: it is not a text.", restore, ""},
		{CheckTooManyGroups, ClassFile, "There are more entries and groups than any real book has; the rest was not checked.", restore, ""},
		{CheckKeyBeforeSection, ClassFile, "A key stands before the first section, so it belongs to no entry.", restore, ""},
		{CheckMalformedLine, ClassFile, "A line is neither blank, nor a [section], nor key=value.", restore, ""},
		{CheckMalformedHeader, ClassFile, "A line that begins a section does not end with its bracket.", restore, ""},
		{CheckDuplicateEntry, ClassFile, "Two entries have the same name; names that differ in case alone collide too.", "Rename or delete one of the two.", ""},
		{CheckTruncatedTail, ClassFile, "The file ends in the middle of a line or of an entry.", restore, ""},

		{CheckNoEntries, ClassEntry, "The book is sound and has no entry, so there is nothing to dial.", redial, ""},
		{CheckMediaMissing, ClassEntry, "The entry has no MEDIA group.", redial, ""},
		{CheckDeviceMissing, ClassEntry, "A MEDIA group has no DEVICE group.", redial, ""},
		{CheckDeviceBeforeMedia, ClassEntry, "A DEVICE group stands before the first MEDIA group.", redial, ""},
		{CheckPortMissing, ClassEntry, "A MEDIA group names no port; the key is Port, in this case of letters.", redial, ""},
		{CheckNameEmpty, ClassEntry, "The entry has an empty name.", redial, ""},
		{CheckNameOver256, ClassEntry, "The entry's name has more than 256 characters.", "Rename the entry.", ""},
		{CheckPhoneNumberOver128, ClassEntry, "A phone number has more than 128 characters.", "Correct the phone number.", ""},
		{CheckDialedMissing, ClassEntry, "The Internet Mail Service dials an entry that the book does not hold.", "Make the entry, or choose another in the properties of the service.", ""},
		{CheckDialedNameOver20, ClassEntry, "The Internet Mail Service dials an entry whose name has more than 20 characters, and cannot.", "Shorten the name, and choose the entry again in the properties of the service.", "Q188272"},

		{CheckNameOver20, ClassOddity, "The entry's name has more than 20 characters; the Internet Mail Service could not dial it.", "Shorten the name before the service is to dial the entry.", "Q156063"},
		{CheckNameCharacters, ClassOddity, `The entry's name has no letter or digit, or one of the characters that RAS forbids: | > < ? * \ / :`, "Rename the entry.", ""},
		{CheckNameNotASCII, ClassOddity, "The entry's name has characters beyond ASCII, which the RAS connector of Exchange 4.0 does not take.", "Rename the entry, if that connector is to use it.", "Q156440"},
		{CheckEntriesOver10, ClassOddity, "The book has more than 10 entries, and the System Attendant of Exchange 4.0 reads no more.", "Delete entries, if the server runs Exchange 4.0.", "Q152591"},
		{CheckDevicesOverLimit, ClassOddity, "A MEDIA group has more DEVICE groups than its type allows: four for serial, one for any other.", redial, ""},
		{CheckGroupKeyMisplaced, ClassOddity, "A key that belongs to a MEDIA or DEVICE group stands outside one.", redial, ""},
		{CheckNumberMissing, ClassOddity, "A modem, ISDN, X.25 or VPN device has no number or address to dial.", "Enter it in the entry's properties.", ""},
		{CheckDialedNameCase, ClassOddity, "The name that the Internet Mail Service dials is written in the book with other capitals.", "Nothing, while dialling works; else choose the entry again in the properties of the service.", ""},
		{CheckLineOver1024, ClassOddity, "A line is longer than 1,024 bytes; NT 4.0 before SP6 does not check the length.", "Find out who wrote the line, and install Service Pack 6a.", "Q230677"},
		{CheckSkipDownlevel, ClassOddity, "SkipDownLevelDialog=1 switches a dialog of the dial-up client off.", "Set it to 0, if the other side cannot be logged in to.", "Q123980"},
		{CheckNewerWindows, ClassOddity, "A later Windows wrote this book (PBVersion=), and the server runs NT 4.0.", "Make the entries on this server; books of different systems are not interchangeable.", "Q169115"},
		{CheckUTF8Mark, ClassOddity, "The file begins with a UTF-8 mark, as editors write it.", "Save the file as ANSI text.", ""},
		{CheckLoneCR, ClassOddity, "Lines end with CR alone.", resave, ""},
		{CheckLFOnly, ClassOddity, "Lines end with LF alone.", resave, ""},
		{CheckNoFinalNewline, ClassOddity, "The last line has no line end; its value may have been cut.", "Look whether the last value is whole.", ""},
		{CheckDOSEndMark, ClassOddity, "The file ends with Ctrl-Z, as DOS programs write it.", resave, ""},
	}
}
