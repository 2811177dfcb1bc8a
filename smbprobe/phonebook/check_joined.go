package phonebook

import (
	"fmt"
	"slices"
	"strings"
)

// joinedEntry is the state of the search for two entries that have run together because the
// line end before the second header is lost. The first sign is a value that ends like a
// header. That is not enough, because a value may end with a bracket. The second sign is a
// line that only the beginning of an entry has.
type joinedEntry struct {
	line Line   // the latest line whose value ends like a header, not reported yet; Number 0: none
	name string // the name in it
	seen uint   // which of onceKeys the entry has had, one bit each
	// inScript: the DEVICE group is a switch or a PAD, which has a Type= of its own.
	inScript  bool
	hasDevice bool // the entry has had a DEVICE group
	// misplaced: a setting of the whole entry behind its DEVICE groups was reported.
	misplaced bool
}

// onceKeys are keys that an entry has once at most, before its MEDIA groups.
var onceKeys = []string{"Encoding", "Type", "Guid", "NETCOMPONENTS"}

// scalarKeys are other keys that stand only before the MEDIA groups of an entry
// (MS-RRASM 2.2.2.2, and phone books of NT 4.0). The list need not be complete: a key that
// is not in it is not reported.
var scalarKeys = setOf(
	"AuthenticateServer", "Authentication", "AuthRestrictions", "AutoLogon", "BaseProtocol",
	"BindMsNetClient", "CallbackMode", "CustomAuthKey", "CustomDialDll", "CustomDialFunc",
	"CustomRasDialDll", "DataEncryption", "Description", "DialMode", "DialParamsUID",
	"ExcludedProtocols", "GlobalDeviceSettings", "HighDateTime", "IdleDisconnectSeconds",
	"IpAddress", "IpAssign", "IpDns2Address", "IpDnsAddress", "IpDnsFlags", "IpDnsSuffix",
	"IpFrameSize", "IpHeaderCompression", "IpNBTFlags", "IpNameAssign", "IpPrioritizeRemote",
	"IpSecFlags", "IpWins2Address", "IpWinsAddress", "LcpExtensions", "LowDateTime",
	"NegotiateMultilinkAlways", "OverridePref", "PBVersion", "PreferredDevice",
	"PreferredPort", "PrerequisiteEntry", "PrerequisitePbk", "PreviewDomain",
	"PreviewPhoneNumber", "PreviewUserPw", "RedialAttempts", "RedialOnLinkFailure",
	"RedialSeconds", "ShareMsFilePrint", "SharedPhoneNumbers", "ShowDialingProgress",
	"ShowMonitorIconInTaskBar", "SkipDoubleDialDialog", "SkipDownLevelDialog",
	"SkipNwcWarning", "SwCompression", "TcpWindowSize", "UseCountryAndAreaCodes",
	"UsePwForNetwork", "UseRasCredentials", "VpnStrategy",
)

// groupKeys are keys of MEDIA and DEVICE groups. The list need not be complete either.
var groupKeys = setOf(
	keyMedia, keyDevice, keyPort, keyDeviceName, keyPhoneNumber,
	"Address", "AreaCode", "ChannelAggregation", "Comment", "Compression", "ConnectBPS",
	"CountryCode", "CountryID", "EnableCompression", "Facilities", "Fallback", "FriendlyName",
	"HwFlowControl", "InitBPS", "LastSelectedPhone", "LineType", "PromoteAlternates",
	"PromoteHuntNumbers", "Proprietary", "Protocol", "Speaker", "TryNextAlternateOnFail",
	"UseDialingRules", "UserData", "X25Address", "X25Pad",
)

func setOf(keys ...string) map[string]bool {
	set := make(map[string]bool, len(keys))
	for _, key := range keys {
		set[key] = true
	}
	return set
}

// runTogether looks for both signs in a line of an entry.
func (c *checker) runTogether(entry *Entry, line Line, j *joinedEntry) {
	switch line.Key {
	case keyMedia:
		j.inScript = false
	case keyDevice:
		j.inScript = strings.EqualFold(line.Value, deviceSwitch) || strings.EqualFold(line.Value, devicePAD)
		j.hasDevice = true
	}
	var once uint
	for i, key := range onceKeys {
		if line.Key == key && !(key == "Type" && j.inScript) {
			once = 1 << i
		}
	}
	atEntryOnly := once != 0 || scalarKeys[line.Key]
	switch misplaced := j.hasDevice && atEntryOnly; {
	case j.line.Number != 0 && (j.seen&once != 0 || misplaced):
		c.joined(CheckEntriesRunTogether, entry, j)
		j.misplaced = true
	case misplaced && !j.misplaced: // perhaps the header before it is lost, with its whole line
		c.add(CheckGroupKeyMisplaced, entry, line, "")
		j.misplaced = true
	}
	j.seen |= once
	if name, ok := headerAtEnd(line.Value); ok {
		c.settle(entry, j)
		j.line, j.name = line, name
	}
}

// settle reports the line that has the first sign alone, at the end of its entry.
func (c *checker) settle(entry *Entry, j *joinedEntry) {
	if j.line.Number != 0 {
		c.joined(CheckHeaderInValue, entry, j)
	}
}

// joined reports both entries, unless the name of the second is the end of a secret.
func (c *checker) joined(check CheckID, entry *Entry, j *joinedEntry) {
	c.addf(check, entry, j.line, func() string {
		if isSecret(j.line.Key) {
			return ""
		}
		second := c.book.show(j.name)
		if check == CheckEntriesRunTogether {
			return fmt.Sprintf("%q and %q", entry.Name, second)
		}
		return fmt.Sprintf("%q may be an entry of its own, after %q", second, entry.Name)
	})
	c.names.inMiddle(j.name, check.Info().Class)
	j.line = Line{}
}

// settingIn returns the key of a setting that a value has in it, without a blank before it;
// empty if there is none.
func settingIn(value string) string {
	for end := range len(value) {
		if value[end] != '=' {
			continue
		}
		for start := max(0, end-maxKey); start < end; start++ {
			if key := value[start:end]; (start == 0 || !isBlank(value[start-1])) && (groupKeys[key] || scalarKeys[key] || slices.Contains(onceKeys, key)) {
				return key
			}
		}
	}
	return ""
}

// maxKey is the number of bytes of the longest key that settingIn knows, or a few more.
const maxKey = 32

// headerAtEnd returns the name of the header that a text ends with. It must be a name that
// RAS allows, because an IPv6 address may stand in brackets.
func headerAtEnd(text string) (name string, ok bool) {
	text = trim(text)
	if !strings.HasSuffix(text, "]") {
		return "", false
	}
	open := len(text)
	readings(text, func(page *doubleBytePage, _ int) { open = min(open, lastBrackets(text, page)) })
	if open < 0 || len(text)-open > MaxName+1 {
		return "", false
	}
	name = text[open+1 : len(text)-1]
	return name, trim(name) != "" && !strings.ContainsFunc(name, isForbidden)
}
