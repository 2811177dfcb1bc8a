package diagnosis

import (
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

func look(text string, commands ...string) smbprobe.RemedyStep {
	return smbprobe.RemedyStep{Kind: smbprobe.RemedyLook, Text: text, Commands: commands}
}

func fix(text string, commands ...string) smbprobe.RemedyStep {
	return smbprobe.RemedyStep{Kind: smbprobe.RemedyFix, Text: text, Commands: commands}
}

func check(text string, commands ...string) smbprobe.RemedyStep {
	return smbprobe.RemedyStep{Kind: smbprobe.RemedyCheck, Text: text, Commands: commands}
}

// in adds the path through menus and dialogs, that of the server's version of Windows.
func (c *evidence) in(step smbprobe.RemedyStep, nt4, win2000 string) smbprobe.RemedyStep {
	switch {
	case nt4 == win2000 || c.isNT4():
		step.Dialog = nt4
	case c.isNewer():
		step.Dialog = win2000
	default:
		step.Dialog = fmt.Sprintf("Windows NT 4.0: %s. Windows 2000: %s", nt4, win2000)
	}
	return step
}

// Registry keys.
const (
	keyLanmanServer = `HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters`
	keyNetworkCards = `HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\NetworkCards`
	keyServices     = `HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services`
	keyLsa          = `HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Lsa`
	keyWinreg       = `HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurePipeServers\winreg`
)

// rasFolder goes to the folder of the phone book.
const rasFolder = `cd /d %SystemRoot%\System32\Ras`

const (
	typeDWORD   = "REG_DWORD"
	deleteValue = "delete"
	notSet      = "not set"
)

const saveKey = "Start the registry editor, go to the key named in the next step, and save it first (Registry, Save Key): a wrong change can keep Windows from starting."

// changeRegistry returns the steps that change a value: the key is saved first.
func changeRegistry(text string, change smbprobe.RegistryChange) []smbprobe.RemedyStep {
	step := fix(text)
	step.Registry = &change
	return []smbprobe.RemedyStep{
		fix(saveKey, "regedt32"),
		step,
	}
}

// deleteKey returns the step that deletes a key; it was saved before.
func deleteKey(text, key string) smbprobe.RemedyStep {
	step := fix(text)
	step.Registry = &smbprobe.RegistryChange{Key: key, Set: deleteValue}
	return step
}

// numberNow writes a number of the registry as it is now; empty: not known.
func numberNow(n *smbprobe.RegistryNumber) string {
	switch {
	case n == nil:
		return ""
	case n.Set:
		return fmt.Sprint(n.Value)
	case n.WrongType != "":
		return fmt.Sprintf("of type %s, which Windows ignores", n.WrongType)
	}
	return notSet
}

// The services of Exchange, in the order in which they start.
var exchangeServices = []string{"MSExchangeSA", "MSExchangeDS", "MSExchangeIS", "MSExchangeMTA", "MSExchangeIMC"}

// startServer returns the steps that start the Server service and what stopped with it.
func startServer(text string) []smbprobe.RemedyStep {
	commands := []string{"net start netlogon"}
	for _, s := range exchangeServices {
		commands = append(commands, "net start "+s)
	}
	return []smbprobe.RemedyStep{
		fix(text, "net start server"),
		fix("Then start the services that stopped with it, those that ran before: Net Logon (without it no one can log on to a domain "+
			"controller), Exchange in this order, and the Computer Browser:", append(commands, "net start browser")...),
	}
}

// restart returns the steps that restart the server: Exchange is stopped first.
func (c *evidence) restart(when string) []smbprobe.RemedyStep {
	return []smbprobe.RemedyStep{
		fix(when+" Stop Exchange first, in this order; everyone is cut off meanwhile:",
			"net stop MSExchangeIMC", "net stop MSExchangeMTA", "net stop MSExchangeIS", "net stop MSExchangeDS", "net stop MSExchangeSA"),
		fix(fmt.Sprintf("Restart %s (Start, Shut Down). If it has not gone down after 10 minutes, switch it off; Exchange repairs its databases at the next start.", c.host())),
	}
}

// restartMail returns the step that restarts the Internet Mail Service.
func restartMail() smbprobe.RemedyStep {
	return fix("Restart the Internet Mail Service, which may keep what it opened before:", "net stop MSExchangeIMC", "net start MSExchangeIMC")
}

// dialByHand is the step that dials with rasdial. Without the quotes, a name with blanks
// gives a false 623 (Q170134).
func (c *evidence) dialByHand(kind smbprobe.RemedyKind, text string) smbprobe.RemedyStep {
	return smbprobe.RemedyStep{
		Kind: kind, Text: text + ", with its name in quotes (without them a name with blanks gives a false 623, Q170134):",
		Commands: []string{`rasdial "NAME"`, `rasdial "NAME" /disconnect`},
	}
}

// checkCall is the last step of most remedies.
func (c *evidence) checkCall() smbprobe.RemedyStep {
	return c.dialByHand(smbprobe.RemedyCheck, "Dial the entry by hand")
}

// checkProbe is the step that probes again.
func checkProbe() smbprobe.RemedyStep {
	return check("Probe the server again: the cause is no longer reported.")
}

// Places in dialogs.
const (
	servicesNT4     = "Start, Settings, Control Panel, Services"
	servicesWin2000 = "Start, Programs, Administrative Tools, Services"
	dunNT4          = "My Computer, Dial-Up Networking"
	dunWin2000      = "Start, Settings, Network and Dial-up Connections"
	mailProperties  = "Exchange Administrator, Configuration, Connections, Internet Mail Service, tab Dial-up Connections"
	networkNT4      = "Control Panel, Network, tab Services, Remote Access Service, Properties"
	networkWin2000  = "Start, Programs, Administrative Tools, Routing and Remote Access, Ports, Properties"
)

// makeEntry is the step that makes an entry again.
func (c *evidence) makeEntry(text string) smbprobe.RemedyStep {
	switch {
	case c.isNT4():
		text += " Put it into the system phone book."
	case c.isNewer():
		text += ` Choose "for all users".`
	default:
		text += ` On Windows NT 4.0 put it into the system phone book, on Windows 2000 choose "for all users".`
	}
	return c.in(fix(text+" Give it exactly the name that the service dials, 20 characters at most.", "rasphone"), dunNT4, dunWin2000+", Make New Connection")
}

// chooseAgain is the step that chooses the entry in the service's properties.
func (c *evidence) chooseAgain() smbprobe.RemedyStep {
	s := fix("Choose the entry again in the properties of the Internet Mail Service; all ticked entries are dialed.")
	s.Dialog = mailProperties
	return s
}

// makeShare is the step that makes Admin$.
func (c *evidence) makeShare() smbprobe.RemedyStep {
	return fix(fmt.Sprintf("At %s, logged on as an administrator, make the share at a command prompt; Explorer refuses. "+
		"Set no permissions on it: before Service Pack 3 that crashes services.exe (Q158433).", c.host()), "net share admin$")
}

// checkShare is the step that checks Admin$.
func checkShare() smbprobe.RemedyStep {
	return check("The list of shares has ADMIN$, with the folder of Windows as its path:", "net share")
}
