package phonebook

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// soundBook is a phone book that a system wrote, or that still works after editing by hand.
type soundBook struct {
	text  string
	names []string // of the entries, UTF-8
}

// generator makes sound phone books.
type generator struct{ *rand.Rand }

// one returns one of several choices.
func one[T any](g generator, choices ...T) T { return choices[g.IntN(len(choices))] }

// locale is a code page and what is written in it.
type locale struct {
	page    encoding.Encoding // nil: UTF-8
	names   []string
	devices []string
}

var (
	plainNames   = []string{"Provider", "ISP (2)", "Line [5]", "5", "[x", "a=b", "100%", "Joe's ISP", "Mail; backup", "x]", "#1", "Büro [Süd]"}
	plainDevices = []string{"Standard Modem", "Hayes Accura 288 V.FC + FAX", "AVM ISDN [X.75]", "RASPPTPM", "WAN Miniport (PPTP)", ""}
)

func locales() []locale {
	var all []locale
	for _, page := range []encoding.Encoding{charmap.CodePage437, charmap.CodePage850, charmap.Windows1252, charmap.CodePage860, charmap.CodePage863, charmap.CodePage865, nil} {
		all = append(all, locale{page, []string{"Büro", "é", "Ligação"}, []string{"Modem für Büro"}})
	}
	for _, page := range []encoding.Encoding{charmap.CodePage852, charmap.Windows1250} {
		all = append(all, locale{page, []string{"Łódź", "Příbram", "Győr ő"}, []string{"Modem główny"}})
	}
	for _, page := range []encoding.Encoding{charmap.CodePage855, charmap.CodePage866, charmap.Windows1251} {
		all = append(all, locale{page, []string{"Провайдер", "Связь (2)"}, []string{"Модем"}})
	}
	return append(all,
		locale{charmap.Windows1253, []string{"Πάροχος"}, []string{"Μόντεμ"}},
		locale{charmap.Windows1254, []string{"Sağlayıcı"}, nil},
		locale{charmap.CodePage862, []string{"ספק"}, nil},
		locale{charmap.Windows1255, []string{"ספק (2)"}, nil},
		locale{charmap.Windows1256, []string{"مزود"}, nil},
		locale{charmap.Windows1257, []string{"Žemė"}, nil},
		locale{charmap.Windows1258, []string{"Kết nối"}, nil},
		locale{japanese.ShiftJIS, []string{"プロバイダー", "ソース", "ゾーン", "ゾ[1]", "表", "予約 (2)", "ｱｸｾｽ", strings.Repeat("接続", 64)}, []string{"モデムーゾ", "標準 モデム", strings.Repeat("標準", 64)}},
		locale{simplifiedchinese.GBK, []string{"宽带", "一", "联通", "哶[1]", strings.Repeat("宽带", 64)}, []string{"标准调制解调器", strings.Repeat("标准", 64)}},
		locale{korean.EUCKR, []string{"인터넷", "똠방각하"}, []string{"표준 모뎀", strings.Repeat("표준", 64)}},
		locale{traditionalchinese.Big5, []string{"寬頻", "許功蓋", "連線"}, []string{"標準數據機"}},
	)
}

// scalars are settings of an entry; a real one has some of them.
var scalars = []string{
	"Description=", "Description=Our provider [main]", "AutoLogon=0", "DialParamsUID=12345678", "UsePwForNetwork=0", "BaseProtocol=1", "Authentication=-1",
	"ExcludedProtocols=0", "LcpExtensions=1", "DataEncryption=0", "SwCompression=1", "UseCountryAndAreaCodes=0", "AreaCode=", "CountryID=49",
	"CountryCode=49", "DialMode=1", "DialPercent=75", "DialSeconds=120", "HangUpPercent=10", "HangUpSeconds=120", "RedialAttempts=0", "RedialSeconds=60",
	"IdleDisconnectSeconds=0", "RedialOnLinkFailure=0", "CallbackMode=0", "CustomDialDll=", "CustomDialFunc=", "AuthenticateServer=0", "SecureLocalFiles=0",
	"IpPrioritizeRemote=1", "IpHeaderCompression=1", "IpAddress=0.0.0.0", "IpDnsAddress=0.0.0.0", "IpAssign=1", "IpNameAssign=1", "IpFrameSize=1006",
	"ShowMonitorIconInTaskBar=1", "PreferredPort=COM1", "PreferredDevice=Modem [1]", "SomethingElse==x=[y]", "Comment=[z]", "Unknown", "password=***",
}

// media are MEDIA groups, with the keys of the group and the DEVICE groups it may have.
var media = []struct {
	kind    string
	keys    []string
	devices [][]string
}{
	{"serial", []string{"ConnectBPS=57600", "InitBPS=115200", "Callback=1"}, [][]string{
		{"modem", "PhoneNumber=5550100", "HwFlowControl=1", "Protocol=1", "Compression=1", "Speaker=0"},
		{"modem", "PhoneNumber=0", "PhoneNumber=00 1 555 0100", "PromoteHuntNumbers=1"},
		{"switch", "Type=login.scp"}, {"switch", "Type=Terminal", "Name=x [y]"}, {"pad", "Type=Sprintnet [3]", "X25Pad=x", "X25Address=1", "UserData="}, {"null"},
	}},
	{"isdn", []string{"LineType=0", "Fallback=1", "EnableCompression=1", "ChannelAggregation=1", "Proprietary=0"}, [][]string{{"isdn", "PhoneNumber=5550100", "LineType=0"}}},
	{"rastapi", []string{"Device=RASPPTPM"}, [][]string{{"vpn", "PhoneNumber=[2001:db8::1]"}, {"PPPoE"}, {"RASPPTPM", "PhoneNumber=10.0.0.1"}, {"modem", "PhoneNumber=1,,2;3"}}},
	{"x25", nil, [][]string{{"x25", "X25Address=1", "UserData=", "PhoneNumber=4711"}}},
	{"parallel", nil, [][]string{{"parallel"}}},
	{"framerelay", nil, [][]string{{"framerelay"}}},
	{"sixteen chars ab", nil, [][]string{{"sixteen chars ab", "PhoneNumber=" + strings.Repeat("1", MaxPhoneNumber)}}},
}

// book makes a phone book.
func (g generator) book(l locale) soundBook {
	var lines []string
	var b soundBook
	used := make(map[string]bool)
	for range 1 + g.IntN(4) {
		name := one(g, plainNames...)
		if g.IntN(2) == 0 {
			name = one(g, l.names...)
		}
		if g.IntN(30) == 0 {
			name = strings.Repeat("n", MaxName)
		}
		if key := strings.ToLower(name); !used[key] {
			used[key] = true
			b.names = append(b.names, name)
			lines = append(lines, g.entry(l, name)...)
		}
	}
	b.text = g.join(lines)
	if l.page != nil {
		// A name that the page lacks is left out with its character.
		encoded, err := encoding.ReplaceUnsupported(l.page.NewEncoder()).String(b.text)
		if err != nil {
			panic(err)
		}
		b.text = strings.ReplaceAll(encoded, "\x1a", "?")
		for i, name := range b.names {
			raw, _ := encoding.ReplaceUnsupported(l.page.NewEncoder()).String(name)
			if strings.Contains(raw, "\x1a") {
				b.names[i] = ""
			}
		}
	}
	if g.IntN(20) == 0 {
		b.text += dosEnd
	}
	return b
}

func (g generator) entry(l locale, name string) []string {
	lines := []string{"[" + name + "]"}
	if g.IntN(2) == 0 {
		lines = append(lines, "Encoding=1", fmt.Sprintf("PBVersion=%d", g.IntN(8)), "Type=1", "Guid=00")
	}
	for range g.IntN(1 + len(scalars)) {
		if s := one(g, scalars...); strings.Contains(s, "=") {
			lines = append(lines, s)
		}
	}
	if g.IntN(2) == 0 {
		lines = append(lines, "", "NETCOMPONENTS=", "ms_msclient=1", "ms_server=0")
	}
	for range 1 + g.IntN(2) {
		m := media[g.IntN(len(media))]
		lines = append(lines, one(g, "", "MEDIA="+m.kind), "MEDIA="+m.kind)
		if lines[len(lines)-2] != "" {
			lines = slices.Delete(lines, len(lines)-1, len(lines))
		}
		keys := append([]string{one(g, "Port=COM1", "Port=ISDN1", "Port=VPN1-0", "Port=", "Port=COM1 [x]")}, m.keys...)
		if g.IntN(2) == 0 {
			device := one(g, append(slices.Clone(plainDevices), l.devices...)...)
			keys = append(keys, "Device="+device)
		}
		g.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		lines = append(lines, keys...)
		n := 1
		if m.kind == "serial" {
			n += g.IntN(4)
		}
		for range n {
			d := m.devices[g.IntN(len(m.devices))]
			lines = append(lines, one(g, "DEVICE=", "\nDEVICE=")+d[0])
			lines = append(lines, d[1:]...)
		}
	}
	return lines
}

// join puts lines together with line ends and blanks as they occur.
func (g generator) join(lines []string) string {
	end := one(g, "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\r\n", "mixed")
	blanks := g.IntN(4) == 0
	var b strings.Builder
	if g.IntN(20) == 0 {
		b.WriteString("\r\n \r\n")
	}
	for _, line := range strings.Split(strings.Join(lines, "\n"), "\n") {
		if blanks {
			if key, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "[") {
				line = key + one(g, "", " ", "\t") + "=" + one(g, "", " ", "\t ") + value
			}
			line = one(g, "", " ", "\t") + line + one(g, "", " ", "\t\t")
		}
		b.WriteString(line)
		if end == "mixed" {
			b.WriteString(one(g, "\r\n", "\n", "\r"))
		} else {
			b.WriteString(end)
		}
		if g.IntN(10) == 0 {
			b.WriteString(one(g, "\r\n", "\n", " \r\n"))
		}
	}
	if g.IntN(10) == 0 {
		return strings.TrimRight(b.String(), "\r\n")
	}
	return b.String()
}

// No phone book that works is called damaged or unusable, and each of its entries is
// found by its name.
func TestGeneratedSoundBooks(t *testing.T) {
	t.Parallel()
	const seed, perLocale = 1998, 60
	g := generator{rand.New(rand.NewPCG(seed, seed))}
	for i, l := range locales() {
		for n := range perLocale {
			book := g.book(l)
			options := Options{NT4: g.IntN(2) == 0, DialedEntries: slices.DeleteFunc(slices.Clone(book.names), func(name string) bool { return name == "" })}
			b := Parse([]byte(book.text))
			r := Check(b, options)
			findings := slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool { return f.Class == ClassOddity || f.Check == CheckDialedNameOver20 })
			if len(findings) > 0 || b.EntryCount != len(book.names) {
				t.Fatalf("locale %d (%v), book %d: %d entries, %v\n%q\n%s", i, l.page, n, b.EntryCount, findings, book.text, tellAll(r))
			}
			for _, d := range r.Dialed {
				if d.Missing || d.Undecided || d.Usable == d.TooLong {
					t.Fatalf("locale %d (%v), book %d: %+v\n%q\n%s", i, l.page, n, d, book.text, tellAll(r))
				}
			}
		}
	}
}
