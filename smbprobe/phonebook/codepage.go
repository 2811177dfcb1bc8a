package phonebook

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/unicode/norm"
)

// singleByte is a code page with one byte for each character. DecodeByte returns U+FFFD
// for a byte that stands for no character.
type singleByte interface {
	DecodeByte(b byte) rune
	EncodeRune(r rune) (b byte, ok bool)
}

// The ANSI and OEM code pages of Windows NT. All of them contain ASCII.
var (
	singleBytePages = []singleByte{
		charmap.Windows1250, charmap.Windows1251, charmap.Windows1252, charmap.Windows1253,
		charmap.Windows1254, charmap.Windows1255, charmap.Windows1256, charmap.Windows1257,
		charmap.Windows1258, charmap.Windows874,
		charmap.CodePage437, charmap.CodePage850, charmap.CodePage852, charmap.CodePage855,
		charmap.CodePage858, charmap.CodePage860, charmap.CodePage862, charmap.CodePage863,
		charmap.CodePage865, charmap.CodePage866,
		codePage720, codePage737, codePage775, codePage857, codePage861, codePage864, codePage869,
	}
	doubleBytePages = []encoding.Encoding{
		japanese.ShiftJIS, simplifiedchinese.GBK, korean.EUCKR, traditionalchinese.Big5,
	}
)

// spellings returns the bytes that a name may have in a phone book: UTF-8, and each code
// page of Windows NT that can write it. It is not documented which of the ANSI and OEM
// pages NT 4.0 uses, and a name must not be called missing because it was written in the
// other one. The second result is false if no code page can write the name. Some names
// have further spellings, which sameName finds.
func spellings(name string) (all []string, known bool) {
	all = []string{name}
	if isASCII(name) {
		return all, true
	}
	if composed := norm.NFC.String(name); composed != name {
		name = composed
		all = append(all, name)
	}
	inUTF8 := len(all)
	for _, page := range singleBytePages {
		if raw, ok := encodeSingleBytes(name, page); ok {
			all = append(all, raw)
		}
	}
	if raw, ok := encodeSingleBytes(decomposeTones(name), charmap.Windows1258); ok {
		all = append(all, raw)
	}
	for _, page := range doubleBytePages {
		// An error means that the page lacks one of the characters.
		if raw, err := page.NewEncoder().String(name); err == nil {
			all = append(all, raw)
		}
	}
	return all, len(all) > inUTF8
}

func encodeSingleBytes(text string, page singleByte) (string, bool) {
	var raw strings.Builder
	for _, r := range text {
		b, ok := page.EncodeRune(r)
		if !ok || r == utf8.RuneError {
			return "", false
		}
		raw.WriteByte(b)
	}
	return raw.String(), true
}

// decomposeTones writes the tones of Vietnamese as combining characters, as code page 1258
// does: "ệ" is "ê" and a dot below.
func decomposeTones(name string) string {
	const tones = "\u0300\u0301\u0303\u0309\u0323"
	var b strings.Builder
	for _, r := range name {
		if _, ok := charmap.Windows1258.EncodeRune(r); ok {
			b.WriteRune(r)
			continue
		}
		letter, tone := "", ""
		for _, part := range norm.NFD.String(string(r)) {
			if strings.ContainsRune(tones, part) {
				tone += string(part)
			} else {
				letter += string(part)
			}
		}
		b.WriteString(norm.NFC.String(letter) + tone)
	}
	return b.String()
}

// plainName returns a name composed and without blanks at its ends, for sameName.
func plainName(name string) string { return trim(norm.NFC.String(name)) }

// sameName reports whether the bytes of a name in the phone book may be a given plainName.
// exact is false if they differ in case or in blanks at the ends.
func sameName(raw, name string) (same, exact bool) {
	trimmed := trim(raw)
	differs := len(trimmed) != len(raw)
	best := 0 // 1: apart from case, 2: exactly
	compare := func(text string) {
		switch {
		case text == name:
			best = 2
		case best == 0 && strings.EqualFold(text, name):
			best = 1
		}
	}
	if utf8.ValidString(trimmed) {
		compare(norm.NFC.String(trimmed))
	}
	if n := utf8.RuneCountInString(name); !isASCII(trimmed) && n <= 2*len(trimmed) && len(trimmed) <= 2*n {
		for _, page := range singleBytePages {
			if len(trimmed) == n && equalFold(trimmed, name, page) {
				compare(decodeSingleBytes(trimmed, page))
			}
		}
		compare(norm.NFC.String(decodeSingleBytes(trimmed, charmap.Windows1258)))
		compare(norm.NFKC.String(decodeSingleBytes(trimmed, codePage864)))
		for _, page := range doubleBytePages {
			if text, err := page.NewDecoder().String(trimmed); err == nil && !strings.ContainsRune(text, utf8.RuneError) {
				compare(text)
			}
		}
	}
	return best > 0, best == 2 && !differs
}

// equalFold is strings.EqualFold for bytes of a code page and a text of as many characters.
func equalFold(raw, name string, page singleByte) bool {
	i := 0
	for _, want := range name {
		got := page.DecodeByte(raw[i])
		if got == utf8.RuneError || got != want && unicode.ToLower(got) != unicode.ToLower(want) && unicode.ToUpper(got) != unicode.ToUpper(want) {
			return false
		}
		i++
	}
	return true
}

// nameKey is equal for names that collide. RAS compares names without regard to
// case; here that is done for A to Z alone, and only if the bytes are UTF-8:
// in a double-byte code page the second byte of a character can be a letter, and
// two different names must not be called duplicates.
func nameKey(raw string) string {
	if !utf8.ValidString(raw) {
		return raw
	}
	return asciiLower(raw)
}

// oemPage holds the characters of the bytes 0x80 to 0xff of a code page.
type oemPage [128]rune

func newOEMPage(upper string) *oemPage {
	page := oemPage([]rune(upper))
	return &page
}

func (p *oemPage) DecodeByte(b byte) rune {
	if b < utf8.RuneSelf {
		return rune(b)
	}
	return p[b-utf8.RuneSelf]
}

func (p *oemPage) EncodeRune(r rune) (byte, bool) {
	if r < utf8.RuneSelf {
		return byte(r), true
	}
	for i, have := range p {
		if have == r && r != utf8.RuneError {
			return byte(utf8.RuneSelf + i), true
		}
	}
	return 0, false
}

// The code pages below are those that golang.org/x/text lacks. Source: the mapping files
// of the Unicode Consortium, MAPPINGS/VENDORS/MICSFT/PC, CP737.TXT and so on; for 720,
// which has none there, what Windows Vista converts, as CPython's cp720 records it.
// U+FFFD: no character.

// codePage720 is Arabic.
var codePage720 = newOEMPage("" +
	"\uFFFD\uFFFDéâ\uFFFDà\uFFFDçêëèïî\uFFFD\uFFFD\uFFFD\uFFFD\u0651\u0652ô¤ـûùءآأؤ£إئا" +
	"بةتثجحخدذرزسشص«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐" +
	"└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
	"ضطظعغفµقكلمنهوىي≡\u064B\u064C\u064D\u064E\u064F\u0650≈°∙·√ⁿ²■\u00A0")

// codePage737 is Greek.
var codePage737 = newOEMPage("" +
	"ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθ" +
	"ικλμνξοπρσςτυφχψ░▒▓│┤╡╢╖╕╣║╗╝╜╛┐" +
	"└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
	"ωάέήϊίόύϋώΆΈΉΊΌΎΏ±≥≤ΪΫ÷≈°∙·√ⁿ²■\u00A0")

// codePage775 is Baltic.
var codePage775 = newOEMPage("" +
	"ĆüéāäģåćłēŖŗīŹÄÅÉæÆōöĢ¢ŚśÖÜø£Ø×¤" +
	"ĀĪóŻżź”¦©®¬½¼Ł«»░▒▓│┤ĄČĘĖ╣║╗╝ĮŠ┐" +
	"└┴┬├─┼ŲŪ╚╔╩╦╠═╬Žąčęėįšųūž┘┌█▄▌▐▀" +
	"ÓßŌŃõÕµńĶķĻļņĒŅ’\u00AD±“¾¶§÷„°∙·¹³²■\u00A0")

// codePage857 is Turkish.
var codePage857 = newOEMPage("" +
	"ÇüéâäàåçêëèïîıÄÅÉæÆôöòûùİÖÜø£ØŞş" +
	"áíóúñÑĞğ¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐" +
	"└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ºªÊËÈ\uFFFDÍÎÏ┘┌█▄¦Ì▀" +
	"ÓßÔÒõÕµ\uFFFD×ÚÛÙìÿ¯´\u00AD±\uFFFD¾¶§÷¸°¨·¹³²■\u00A0")

// codePage861 is Icelandic.
var codePage861 = newOEMPage("" +
	"ÇüéâäàåçêëèÐðÞÄÅÉæÆôöþûÝýÖÜø£Ø₧ƒ" +
	"áíóúÁÍÓÚ¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐" +
	"└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
	"αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00A0")

// codePage864 is Arabic, in the forms that letters have inside a word. (Its byte 0x25 is
// the Arabic percent sign; here it is the ASCII one.)
var codePage864 = newOEMPage("" +
	"°·∙√▒─│┼┤┬├┴┐┌└┘β∞φ±½¼≈«»\uFEF7\uFEF8\uFFFD\uFFFD\uFEFB\uFEFC\uFFFD" +
	"\u00A0\u00AD\uFE82£¤\uFE84\uFFFD\uFFFD\uFE8E\uFE8F\uFE95\uFE99\u060C\uFE9D\uFEA1\uFEA5\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669\uFED1\u061B\uFEB1\uFEB5\uFEB9\u061F" +
	"¢\uFE80\uFE81\uFE83\uFE85\uFECA\uFE8B\uFE8D\uFE91\uFE93\uFE97\uFE9B\uFE9F\uFEA3\uFEA7\uFEA9\uFEAB\uFEAD\uFEAF\uFEB3\uFEB7\uFEBB\uFEBF\uFEC1\uFEC5\uFECB\uFECF¦¬÷×\uFEC9" +
	"\u0640\uFED3\uFED7\uFEDB\uFEDF\uFEE3\uFEE7\uFEEB\uFEED\uFEEF\uFEF3\uFEBD\uFECC\uFECE\uFECD\uFEE1\uFE7D\u0651\uFEE5\uFEE9\uFEEC\uFEF0\uFEF2\uFED0\uFED5\uFEF5\uFEF6\uFEDD\uFED9\uFEF1■\uFFFD")

// codePage869 is Greek, modern.
var codePage869 = newOEMPage("" +
	"\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDΆ\uFFFD·¬¦‘’Έ―ΉΊΪΌ\uFFFD\uFFFDΎΫ©Ώ²³ά£έήί" +
	"ϊΐόύΑΒΓΔΕΖΗ½ΘΙ«»░▒▓│┤ΚΛΜΝ╣║╗╝ΞΟ┐" +
	"└┴┬├─┼ΠΡ╚╔╩╦╠═╬ΣΤΥΦΧΨΩαβγ┘┌█▄δε▀" +
	"ζηθικλμνξοπρσςτ΄\u00AD±υφχ§ψ΅°¨ωϋΰώ■\u00A0")
