package dialfailures

import (
	"slices"
	"strconv"
	"testing"
	"unicode/utf8"
)

func TestParse(t *testing.T) {
	const begin, end = "The dial-up connection ", " could not be made. The error reported was "
	for _, test := range []struct {
		strings     []string
		entry, code string
		ok          bool
	}{
		{[]string{"ISP", "5", "Access denied"}, "ISP", "5", true},
		{[]string{"ISP", "[5].", "Access denied"}, "ISP", "5", true},
		{[]string{`"ISP"`, "(87)"}, "ISP", "87", true},
		{[]string{"'My ISP'", "[317] (317)"}, "My ISP", "317", true},
		{[]string{"ISP", "4264763456"}, "ISP", "4264763456", true},
		{[]string{"ISP", "The error reported was [676]. Busy."}, "ISP", "676", true},
		{[]string{"ISP (new)", "COM1", "005"}, "ISP (new)", "5", true},
		{[]string{"Joe's ISP", "5"}, "Joe's ISP", "5", true},
		{[]string{"676", "5"}, "676", "5", true},
		{[]string{begin + `"Mail [7] ISP"` + end + "[5]. Access denied."}, "Mail [7] ISP", "5", true},
		{[]string{begin + `'ISP'` + end + "(87)."}, "ISP", "87", true},
		{[]string{begin + `ISP` + end + "[317] (317)."}, "ISP", "317", true},
		{[]string{begin + `"ISP" could not be made.`, "5"}, "ISP", "5", true},
		{[]string{"[5]."}, "", "5", true},
		{[]string{"a\x00b\u202e", "5"}, "a\uFFFDb\uFFFD", "5", true},
		{[]string{"", "5"}, "", "5", true},
		{nil, "", "", false},
		{[]string{"ISP"}, "", "", false},
		{[]string{"ISP", "Access denied"}, "", "", false},
		{[]string{"ISP", "4294967296"}, "", "", false},
		{[]string{"ISP", "-5"}, "", "", false},
		{[]string{"ISP", "[5"}, "", "", false},
		{[]string{"ISP", "[5)"}, "", "", false},
		{[]string{`"`, "'", "[", "(", "[]", "()"}, "", "", false},
	} {
		entry, code, ok := Parse(test.strings, nil)
		if entry != test.entry || code != test.code || ok != test.ok {
			t.Errorf("%q: %q, %q, %v; want %q, %q, %v", test.strings, entry, code, ok, test.entry, test.code, test.ok)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("ISP", "5")
	f.Add(`The dial-up connection "X" could not be made.`, "[317] (317)")
	f.Add(`The dial-up connection 'X' could not be made. [5`, "(")
	f.Add("ISP (2)", "5")
	f.Add("接続「プロバイダ(2)」を確立できません【5】", "« ISP (2) » : ［ 5 ］。")
	f.Add("(5) ISP isp (2)'e ISP'", "\xff(5)\xf0 5 (5)")
	names := []string{"5", "ISP (2)", "ISP", "Line [5]", "a", "(", "「", "プロバイダ(2)"}
	f.Fuzz(func(t *testing.T, first, second string) {
		for _, insertions := range [][]string{{first}, {first, second}} {
			entry, code, ok := Parse(insertions, names)
			if !ok && (entry != "" && !slices.Contains(names, entry) || code != "") {
				t.Fatalf("%q: not ok, and %q, %q", insertions, entry, code)
			}
			if n, err := strconv.ParseUint(code, 10, 32); ok && (err != nil || strconv.FormatUint(n, 10) != code) {
				t.Fatalf("%q: code %q", insertions, code)
			}
			if !utf8.ValidString(entry) || utf8.RuneCountInString(entry) > 256 {
				t.Fatalf("%q: entry %q", insertions, entry)
			}
		}
	})
}

// TestParseLocalized: texts come in the server's language. What does not change is the
// code, and that the entry's name comes first.
func TestParseLocalized(t *testing.T) {
	names := []string{"ISP", "ISP (2)", "Line [5]", "5", "Büro \"Süd\"", "Провайдер (3)", "プロバイダ(2)", "L'accès [7]", "The"}
	for _, test := range []struct {
		strings     []string
		entry, code string // code "": not found
	}{
		// German
		{[]string{"ISP (2)", "Zugriff verweigert."}, "ISP (2)", ""},
		{[]string{"ISP (2)", "5", "Zugriff verweigert."}, "ISP (2)", "5"},
		{[]string{`Die DFÜ-Verbindung "ISP (2)" konnte nicht hergestellt werden. Der gemeldete Fehler ist [5]. Zugriff verweigert.`}, "ISP (2)", "5"},
		{[]string{`Die DFÜ-Verbindung ISP (2) konnte nicht hergestellt werden. Der gemeldete Fehler ist [676]. Besetzt.`}, "ISP (2)", "676"},
		{[]string{`Die DFÜ-Verbindung „Büro "Süd"“ konnte nicht hergestellt werden. Fehler: [633].`}, "Büro \"Süd\"", "633"},
		{[]string{`Die DFÜ-Verbindung "ISP (2)" konnte nicht hergestellt werden. Zugriff verweigert.`}, "ISP (2)", ""},
		// French
		{[]string{`La connexion d'accès à distance « ISP (2) » n'a pas pu être établie. L'erreur est [5]. Accès refusé.`}, "ISP (2)", "5"},
		{[]string{"L'accès [7]", "[623] (623)"}, "L'accès [7]", "623"},
		{[]string{`La connexion 'L'accès [7]' n'a pas pu être établie.`}, "L'accès [7]", ""},
		// Spanish
		{[]string{`No se pudo realizar la conexión de acceso telefónico "Line [5]". El error notificado fue [678]. No hay respuesta.`}, "Line [5]", "678"},
		{[]string{`No se pudo realizar la conexión Line [5]. Acceso denegado.`}, "Line [5]", ""},
		{[]string{"«ISP»", "(87)"}, "ISP", "87"},
		// Italian
		{[]string{`Impossibile stabilire la connessione remota 'ISP'. L'errore segnalato è [692]. Errore hardware.`}, "ISP", "692"},
		{[]string{"ISP", "L'errore segnalato è [692]. Errore hardware nella porta (COM1)."}, "ISP", "692"},
		// Japanese
		{[]string{`ダイヤルアップ接続「プロバイダ(2)」を確立できませんでした。エラー [5] が報告されました。アクセスが拒否されました。`}, "プロバイダ(2)", "5"},
		{[]string{"プロバイダ(2)", "アクセスが拒否されました。"}, "プロバイダ(2)", ""},
		{[]string{"「ISP」", "［８７］"}, "", ""}, // wide digits are not what %d prints
		{[]string{"「ISP」", "［87］。"}, "ISP", "87"},
		// Russian
		{[]string{`Не удалось установить удаленное подключение «Провайдер (3)». Ошибка: [5]. Отказано в доступе.`}, "Провайдер (3)", "5"},
		{[]string{"Провайдер (3)", "Отказано в доступе."}, "Провайдер (3)", ""},
		// An entry called 5
		{[]string{`The dial-up connection "5" could not be made. The error reported was [5]. Access denied.`}, "5", "5"},
		{[]string{"5", "5", "Access denied."}, "5", "5"},
		{[]string{"5", "[633]."}, "5", "633"},
		{[]string{"5", "Access denied."}, "5", ""},
		{[]string{`The dial-up connection "Other" could not be made. The error reported was [5].`}, "Other", "5"},
		{[]string{`The dial-up connection ISP could not be made. The error reported was (5) (5).`}, "ISP", "5"},
	} {
		entry, code, ok := Parse(test.strings, names)
		if code != test.code || ok != (test.code != "") || test.entry != "" && entry != test.entry {
			t.Errorf("%q: %q, %q, %v; want %q, %q", test.strings, entry, code, ok, test.entry, test.code)
		}
	}
}

// TestParseUnknownNames: on the first probe the phone book may not have been read. A
// number in a name that is a text of its own is not a code either.
func TestParseUnknownNames(t *testing.T) {
	for _, test := range []struct {
		strings []string
		code    string
	}{
		{[]string{"ISP (2)", "Zugriff verweigert."}, ""},
		{[]string{"ISP (2)"}, ""},
		{[]string{"ISP (2)", "[5]."}, "5"},
		{[]string{`Die DFÜ-Verbindung ISP (2) konnte nicht hergestellt werden. Fehler [5]. Zugriff verweigert.`}, "5"},
		{[]string{`Die DFÜ-Verbindung "ISP (2)" konnte nicht hergestellt werden.`}, ""},
		{[]string{"[5].", "Access denied."}, "5"},
	} {
		if _, code, _ := Parse(test.strings, nil); code != test.code {
			t.Errorf("%q: code %q, want %q", test.strings, code, test.code)
		}
	}
}
