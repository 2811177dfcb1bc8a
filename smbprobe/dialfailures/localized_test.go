package dialfailures

import (
	"strings"
	"testing"
)

// parseTest is the insertion strings of an event, the names that are known, and what is
// in them. An empty code: none must be found. An empty entry: any.
type parseTest struct {
	strings     []string
	names       []string
	entry, code string
}

// TestParseLanguages has messages as a server in another language may write them, with
// names that hold brackets, digits, quotes and percent signs.
func TestParseLanguages(t *testing.T) {
	known := func(name, text, code string) parseTest {
		return parseTest{[]string{text}, []string{"5", "ISP", name}, name, code}
	}
	for _, test := range []parseTest{
		// Polish
		known("Łódź (2)", `Nie można nawiązać połączenia telefonicznego „Łódź (2)”. Zgłoszony błąd: [676]. Linia jest zajęta.`, "676"),
		known("Łódź (2)", `Nie można nawiązać połączenia telefonicznego Łódź (2). Odmowa dostępu.`, ""),
		known("Łódź (2)", `Połączenie telefoniczne Łódź (2) nie mogło zostać nawiązane z powodu błędu 5.`, ""),
		// Czech
		known("Linka [7]", `Telefonické připojení „Linka [7]“ nelze navázat. Ohlášená chyba: [678]. Žádná odpověď.`, "678"),
		known("Linka [7]", `Telefonické připojení Linka [7] nelze navázat. Přístup byl odepřen.`, ""),
		// Greek
		known("Πάροχος (3)", `Δεν ήταν δυνατή η σύνδεση μέσω τηλεφώνου «Πάροχος (3)». Το σφάλμα ήταν [5]. Δεν επιτρέπεται η πρόσβαση.`, "5"),
		known("Πάροχος (3)", `Η σύνδεση ΠΆΡΟΧΟΣ (3) δεν ήταν δυνατή. Δεν επιτρέπεται η πρόσβαση.`, ""),
		// Turkish: the name may come after the code
		known("Sağlayıcı (4)", `[691] hatası nedeniyle "Sağlayıcı (4)" çevirmeli bağlantısı kurulamadı.`, "691"),
		known("Sağlayıcı (4)", `Sağlayıcı (4)'e çevirmeli bağlantı kurulamadı. Erişim engellendi.`, ""),
		// Korean: particles follow names and brackets
		known("인터넷(2)", `전화 접속 연결 인터넷(2)을 만들 수 없습니다. 보고된 오류는 [5]입니다. 액세스가 거부되었습니다.`, "5"),
		known("인터넷(2)", `전화 접속 연결 인터넷(2)을 만들 수 없습니다. 액세스가 거부되었습니다.`, ""),
		known("ISP (9)", `전화 접속 연결 'ISP (9)'을(를) 만들 수 없습니다.`, ""),
		// Chinese and Japanese: no blanks between words
		known("宽带(2)", `无法建立拨号连接宽带(2)。拒绝访问。`, ""),
		known("宽带(2)", `无法建立拨号连接“宽带(2)”。报告的错误是 [5]。拒绝访问。`, "5"),
		known("寬頻（3）", `無法進行撥號連線「寬頻（3）」。報告的錯誤為〔678〕。沒有回應。`, "678"),
		known("寬頻（3）", `無法進行撥號連線寬頻（3）到伺服器。`, ""),
		known("プロバイダ(2)", `ダイヤルアップ接続プロバイダ(2)を確立できませんでした。アクセスが拒否されました。`, ""),
		known("プロバイダ(2)", `ダイヤルアップ接続｢プロバイダ(2)｣を確立できませんでした。エラー【5】アクセスが拒否されました。`, "5"),
		// Hungarian, Swedish, Danish, Finnish, Dutch, Portuguese, Romanian
		known("Szolgáltató (8)", `A(z) „Szolgáltató (8)” telefonos kapcsolat nem hozható létre. A jelentett hiba: [633].`, "633"),
		known("Szolgáltató (8)", `A(z) Szolgáltató (8)-hoz nem hozható létre kapcsolat ("hozzáférés megtagadva").`, ""),
		known("Leverantör (2)", `Fjärranslutningen ”Leverantör (2)” kunde inte upprättas. Felet var [ 5 ]. Åtkomst nekad.`, "5"),
		known("Udbyder (2)", `Opkaldsforbindelsen »Udbyder (2)« kunne ikke oprettes. Adgang nægtet.`, ""),
		known("Palvelu (2)", `Puhelinverkkoyhteyttä ’Palvelu (2)’ ei voitu muodostaa. Virhe (718) (718).`, "718"),
		known("Provider (2)", "De inbelverbinding `Provider (2)' kan niet tot stand worden gebracht. Toegang geweigerd.", ""),
		known("Lisboa 100% (2)", `Não foi possível fazer a ligação Lisboa 100% (2). O erro comunicado foi [5]. Acesso negado.`, "5"),
		known("Lisboa 100% (2)", `Não foi possível fazer a ligação Lisboa 100% (2). Acesso negado.`, ""),
		known(`"Nord" (6)`, `Conexiunea "Nord" (6) nu a putut fi stabilită. Acces interzis.`, ""),
		known("It's (5)", `The dial-up connection It's (5) could not be made ('access denied').`, ""),
		known("%1 (5)", `The dial-up connection "%1 (5)" could not be made. The error reported was [5].`, "5"),
		known("ISP (2)", `Die DFÜ-Verbindung isp (2) konnte nicht hergestellt werden. Zugriff verweigert.`, ""),
		known("[5]", `The dial-up connection "[5]" could not be made. Access denied.`, ""),
		known("[5]", `The dial-up connection [5] could not be made. The error reported was [678].`, "678"),
		known("(87)", `The dial-up connection (87) could not be made. The error reported was (5).`, "5"),
		known("Line 5", `The dial-up connection "Line 5" could not be made. The error reported was [5].`, "5"),
		known("678", `The dial-up connection 678 could not be made. The error reported was [5].`, "5"),
	} {
		checkParse(t, test)
	}
}

// TestParseShapes: how the texts may be divided into strings.
func TestParseShapes(t *testing.T) {
	names := []string{"ISP", "ISP (2)", "5", "678", "(87)", "Büro “Süd” (2)"}
	for _, test := range []parseTest{
		{[]string{"5", "678"}, names, "5", "678"},
		{[]string{"678", "5"}, names, "678", "5"},
		{[]string{"678", "678"}, names, "678", "678"},
		{[]string{"678", "[678]."}, names, "678", "678"},
		{[]string{"678"}, names, "678", ""},
		{[]string{"5", ""}, names, "5", ""},
		{[]string{"(87)", "(87)"}, names, "(87)", "87"},
		{[]string{"(87)", "Falscher Parameter."}, names, "(87)", ""},
		{[]string{"“ISP (2)”", "COM1", "[633] (633)"}, names, "ISP (2)", "633"},
		{[]string{`"ISP (2)".`, "Zugriff verweigert."}, names, "ISP (2)", ""},
		{[]string{"isp (2)", "Zugriff verweigert."}, names, "ISP (2)", ""},
		{[]string{" ISP (2)\u00a0", "Accès refusé."}, names, "ISP (2)", ""},
		{[]string{"Büro “Süd” (2)", "Zugriff verweigert."}, names, "Büro “Süd” (2)", ""},
		{[]string{"ISP (2)", "ISP (2)", "Zugriff verweigert."}, names, "ISP (2)", ""},
		{[]string{"ISP (2)", "2"}, names, "ISP (2)", "2"},
		{[]string{"ISP (2)", "[5]: Zugriff verweigert (COM2)."}, names, "ISP (2)", "5"},
		{[]string{"ISP (2)", "Kein Träger am Anschluss (3)", "679"}, names, "ISP (2)", "679"},
		{[]string{"ISP (2)", "3", "[679]."}, names, "ISP (2)", "679"},
		{[]string{"ISP (2)", "[ 679 ]"}, names, "ISP (2)", "679"},
		{[]string{"ISP (2)", "[679]；"}, names, "ISP (2)", "679"},
		{[]string{"ISP (2)", "(0x5)"}, names, "ISP (2)", ""},
		{[]string{"ISP (2)", "(-5)"}, names, "ISP (2)", ""},
		{[]string{"ISP (2)", "(4294967296)"}, names, "ISP (2)", ""},
		{[]string{"ISP (2)", "[5) (5]"}, names, "ISP (2)", ""},

		// The phone book was not read, or does not have the entry.
		{[]string{"An unknown Internet provider (2)", "Der Parameter ist falsch."}, nil, "", ""},
		{[]string{"An unknown Internet provider (2)", "87"}, nil, "An unknown Internet provider (2)", "87"},
		{[]string{"Unknown GmbH & Co. KG (2)", "[87]."}, nil, "Unknown GmbH & Co. KG (2)", "87"},
		{[]string{`Die DFÜ-Verbindung Büro (2) konnte nicht hergestellt werden. Zugriff verweigert.`}, nil, "", ""},
		{[]string{`Die DFÜ-Verbindung Line [5] konnte nicht hergestellt werden.`}, nil, "", ""},
		{[]string{`Die DFÜ-Verbindung Büro (2) konnte nicht hergestellt werden. Der gemeldete Fehler ist (87). Falscher Parameter.`}, nil, "", "87"},
		{[]string{"[5] Access denied."}, nil, "", "5"},
		{[]string{`ダイヤルアップ接続「プロバイダ(2)」を確立できませんでした。アクセスが拒否されました。`}, nil, "", ""},
		{[]string{`ダイヤルアップ接続「プロバイダ(2)」を確立できませんでした。エラー[5]です。`}, nil, "プロバイダ(2)", "5"},
		{[]string{`无法建立拨号连接"宽带(2)"。拒绝访问。`}, nil, "", ""},
		{[]string{`전화 접속 연결'ISP (9)'을(를) 만들 수 없습니다. 보고된 오류는 [678]입니다.`}, nil, "ISP (9)", "678"},
		{[]string{`La connexion d'accès « l'ISP (2) » n'a pas pu être établie. L'erreur est [5].`}, nil, "l'ISP (2)", "5"},
		{[]string{`Die Verbindung "Büro "Süd" (2)" konnte nicht hergestellt werden.`}, nil, "", ""},
		{[]string{`Die Verbindung „"Nord" (6)“ konnte nicht hergestellt werden. Fehler [5].`}, nil, `"Nord" (6)`, "5"},
		{[]string{`La connexion « «Est» [9] » n'a pas pu être établie. L'erreur est [5].`}, nil, "«Est» [9]", "5"},
		{[]string{`The connection "ISP (2)" could not be made: "access denied" [5].`}, nil, "ISP (2)", "5"},
		{[]string{`[691] hatası nedeniyle "ISP (2)" çevirmeli bağlantısı kurulamadı.`}, nil, "ISP (2)", "691"},
		{[]string{`전화 접속 연결 "Büro "Süd" (2)"을(를) 만들 수 없습니다.`}, nil, "", ""},
		{[]string{"Internet Büro “Süd” (2)", "Zugriff verweigert."}, nil, "", ""},
		{[]string{`The connection ""ISP" could not be made. The error was [5].`}, nil, "", "5"},
		{[]string{"《宽带(2)》", "拒绝访问。"}, nil, "", ""},
		{[]string{"＂ISP (2)＂", "[5]"}, nil, "ISP (2)", "5"},

		// A shorter name is known.
		{[]string{"ISP (3)", "Zugriff verweigert."}, names, "", ""},
		{[]string{"ISP (3)", "Zugriff verweigert. [5]"}, names, "ISP (3)", "5"},
		{[]string{"ISP (5) Köln", "Accès refusé."}, names, "", ""},
		{[]string{"Mein ISP [5]", "アクセスが拒否されました。"}, names, "", ""},
		{[]string{"ISP（5）", "拒绝访问。"}, names, "", ""},
		{[]string{"ISP (2).", "Zugriff verweigert."}, names, "ISP (2)", ""},
	} {
		checkParse(t, test)
	}
}

func checkParse(t *testing.T, test parseTest) {
	t.Helper()
	entry, code, ok := Parse(test.strings, test.names)
	if code != test.code || ok != (test.code != "") || test.entry != "" && entry != test.entry {
		t.Errorf("%q: %q, %q, %v; want %q, %q", test.strings, entry, code, ok, test.entry, test.code)
	}
}

// messages are texts of event 4106 in which NAME stands for the entry and CODE for the
// error, in the languages that Exchange came in and some others.
var messages = []string{
	`The dial-up connection NAME could not be made. The error reported was CODE. Access denied.`,
	`Die DFÜ-Verbindung NAME konnte nicht hergestellt werden. Der gemeldete Fehler ist CODE. Zugriff verweigert.`,
	`La connexion d'accès à distance NAME n'a pas pu être établie. L'erreur signalée est CODE. Accès refusé.`,
	`No se pudo realizar la conexión de acceso telefónico NAME. El error notificado fue CODE. Acceso denegado.`,
	`Impossibile stabilire la connessione remota NAME. L'errore segnalato è CODE. Accesso negato.`,
	`Não foi possível fazer a ligação de acesso telefónico NAME. O erro comunicado foi CODE. Acesso negado.`,
	`De inbelverbinding NAME kan niet tot stand worden gebracht. De gemelde fout is CODE. Toegang geweigerd.`,
	`Fjärranslutningen NAME kunde inte upprättas. Felet var CODE. Åtkomst nekad.`,
	`Nie można nawiązać połączenia telefonicznego NAME. Zgłoszony błąd: CODE. Odmowa dostępu.`,
	`Telefonické připojení NAME nelze navázat. Ohlášená chyba: CODE. Přístup byl odepřen.`,
	`A(z) NAME telefonos kapcsolat nem hozható létre. A jelentett hiba: CODE. A hozzáférés megtagadva.`,
	`NAME çevirmeli bağlantısı kurulamadı. Bildirilen hata: CODE. Erişim engellendi.`,
	`CODE hatası nedeniyle NAME çevirmeli bağlantısı kurulamadı. Erişim engellendi.`,
	`Δεν ήταν δυνατή η σύνδεση μέσω τηλεφώνου NAME. Το σφάλμα ήταν CODE. Δεν επιτρέπεται η πρόσβαση.`,
	`Не удалось установить удаленное подключение NAME. Ошибка: CODE. Отказано в доступе.`,
	`לא ניתן ליצור את חיבור החיוג NAME. השגיאה שדווחה היא CODE. הגישה נדחתה.`,
	`تعذر إجراء اتصال الطلب الهاتفي NAME. الخطأ الذي تم الإبلاغ عنه هو CODE. تم رفض الوصول.`,
	`ไม่สามารถสร้างการเชื่อมต่อNAMEได้ ข้อผิดพลาดที่รายงานคือ CODE การเข้าถึงถูกปฏิเสธ`,
	`전화 접속 연결 NAME을(를) 만들 수 없습니다. 보고된 오류는 CODE입니다. 액세스가 거부되었습니다.`,
	`无法建立拨号连接NAME。报告的错误是CODE。拒绝访问。`,
	`無法進行撥號連線NAME。報告的錯誤為CODE。拒絕存取。`,
	`ダイヤルアップ接続NAMEを確立できませんでした。報告されたエラーはCODEです。アクセスが拒否されました。`,
}

// TestParseEveryNameInEveryLanguage: whatever a known name holds, the code is the one that
// the message has, and none if it has none.
func TestParseEveryNameInEveryLanguage(t *testing.T) {
	names := []string{
		"ISP", "ISP (2)", "Line [5]", "(2) ISP", "[5] ISP", "A (1) B [2]", "5", "678", "(5)", "[678]", "COM1", "100% (5)", "%1 [5]",
		"Joe's (3)", `"Nord" (6)`, `Büro "Süd" (2)`, "Büro 'Süd'", "«Est» [9]", "Łódź (2)", "Πάροχος (3)", "Провайдер (3)",
		"Sağlayıcı (4)", "プロバイダ(2)", "プロバイダ（２）", "宽带(2)", "寬頻（3）", "인터넷(2)", "인터넷 [5]", "ספק (2)", "مزود (2)", "ผู้ให้บริการ (2)",
	}
	known := newKnownNames(names)
	quotes := [][2]string{{"", ""}, {`"`, `"`}, {"'", "'"}, {"„", "“"}, {"“", "”"}, {"« ", " »"}, {"「", "」"}}
	for _, message := range messages {
		for _, name := range names {
			for _, q := range quotes {
				for code, written := range map[string]string{"": "", "5": "[5]", "678": "(678)", "87": "[87] (87)"} {
					text := strings.Replace(message, "NAME", q[0]+name+q[1], 1)
					text = strings.Replace(text, "CODE", written, 1)
					got, gotCode, _ := known.parse([]string{text})
					if gotCode != code || got != name {
						t.Errorf("%q: %q, %q, want %q, %q", text, got, gotCode, name, code)
					}
				}
			}
		}
	}
}
