package report

import "time"

// Probe is the JSON form of a result, described by probe.schema.json. What is not known
// is absent. Times are RFC 3339 in UTC.
type Probe struct {
	Target          string     `json:"target"`
	Module          string     `json:"module"`
	Auth            string     `json:"auth"`
	Verdict         string     `json:"verdict"`
	ExitStatus      int        `json:"exit_status"`
	Headline        string     `json:"headline"`
	Success         bool       `json:"success"`
	Started         time.Time  `json:"started"`
	DurationSeconds float64    `json:"duration_seconds"`
	TimeoutSeconds  float64    `json:"timeout_seconds"`
	RoundTrips      *int       `json:"round_trips,omitzero"`
	Steps           []Step     `json:"steps"`
	Address         string     `json:"address,omitzero"`
	Server          *Server    `json:"server,omitzero"`
	ClockOffset     *float64   `json:"clock_offset_seconds,omitzero"`
	Share           Share      `json:"share"`
	Phonebook       Phonebook  `json:"phonebook"`
	Eventlog        Eventlog   `json:"eventlog,omitzero"`
	RPC             string     `json:"rpc,omitzero"`
	Host            Host       `json:"host,omitzero"`
	Services        []Service  `json:"services,omitzero"`
	Registry        Registry   `json:"registry,omitzero"`
	WatchedSince    time.Time  `json:"watched_since,omitzero"`
	Causes          []Cause    `json:"causes"`
	RuledOut        []RuledOut `json:"ruled_out,omitzero"`
}

// Step is a part of the probe.
type Step struct {
	Step            string  `json:"step"`
	DurationSeconds float64 `json:"duration_seconds"`
	Error           string  `json:"error,omitzero"`
}

// Server is what the server said of itself when the dialect was agreed.
type Server struct {
	OS          string    `json:"os,omitzero"`
	LANManager  string    `json:"lan_manager,omitzero"`
	NetBIOSName string    `json:"netbios_name,omitzero"`
	Domain      string    `json:"domain,omitzero"`
	Dialect     string    `json:"dialect,omitzero"`
	Signed      bool      `json:"signed"`
	Time        time.Time `json:"time,omitzero"`
}

// Share is how far the way to the administrative share went.
type Share struct {
	Name          string    `json:"name"`
	State         string    `json:"state"`
	Meaning       string    `json:"meaning"`
	Status        string    `json:"status,omitzero"`
	Error         string    `json:"error,omitzero"`
	Automatic     *bool     `json:"automatic,omitzero"`
	LoginHeldBack bool      `json:"login_held_back"`
	HeldBackUntil time.Time `json:"held_back_until,omitzero"`
}

// Phonebook is what is known of the phone book.
type Phonebook struct {
	State         string        `json:"state"`
	Meaning       string        `json:"meaning"`
	Exists        *bool         `json:"exists,omitzero"`
	Status        string        `json:"status,omitzero"`
	Error         string        `json:"error,omitzero"`
	SizeBytes     *int64        `json:"size_bytes,omitzero"`
	Modified      *time.Time    `json:"modified,omitzero"`
	EntryCount    *int          `json:"entry_count,omitzero"`
	Intact        *bool         `json:"intact,omitzero"`
	Entries       []Entry       `json:"entries,omitzero"`
	Findings      []LintFinding `json:"findings,omitzero"`
	Counts        []LintCount   `json:"counts,omitzero"`
	DialedEntries []DialedEntry `json:"dialed_entries,omitzero"`
	AllUsers      *Phonebook    `json:"all_users,omitzero"`
}

// Entry is what an entry of the phone book dials with; one with several media is there
// once for each.
type Entry struct {
	Entry  string `json:"entry"`
	Media  string `json:"media,omitzero"`
	Device string `json:"device,omitzero"`
	Port   string `json:"port,omitzero"`
}

// DialedEntry is an entry that the Internet Mail Service dials.
type DialedEntry struct {
	Entry  string `json:"entry"`
	Usable bool   `json:"usable"`
	Reason string `json:"reason,omitzero"`
}

// Eventlog is what is known of the event log. Times are the server's.
type Eventlog struct {
	Readable          *bool         `json:"readable,omitzero"`
	Status            string        `json:"status,omitzero"`
	Error             string        `json:"error,omitzero"`
	Records           *int          `json:"records,omitzero"`
	Oldest            *time.Time    `json:"oldest,omitzero"`
	Newest            *time.Time    `json:"newest,omitzero"`
	SizeBytes         *int64        `json:"size_bytes,omitzero"`
	Windows           []Window      `json:"windows,omitzero"`
	LastFailures      []LastFailure `json:"last_failures,omitzero"`
	Companions        []Companion   `json:"companions,omitzero"`
	FailuresForgotten *bool         `json:"failures_forgotten,omitzero"`
}

// Window is the failures to dial in a window of time.
type Window struct {
	Window          string         `json:"window"`
	DurationSeconds float64        `json:"duration_seconds"`
	Failures        *int           `json:"failures,omitzero"`
	Covered         bool           `json:"covered"`
	ByError         []FailureCount `json:"by_error,omitzero"`
}

// FailureCount is the failures to dial an entry with an error.
type FailureCount struct {
	Entry    string `json:"entry"`
	Code     string `json:"code"`
	Error    string `json:"error,omitzero"`
	Meaning  string `json:"meaning,omitzero"`
	Failures int    `json:"failures"`
}

// LastFailure is when an entry last failed with an error.
type LastFailure struct {
	Entry string    `json:"entry"`
	Code  string    `json:"code"`
	At    time.Time `json:"at"`
}

// Companion is an event that tells more of a failure.
type Companion struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// Host is what the Server service says of the computer.
type Host struct {
	Error            string     `json:"error,omitzero"`
	Version          string     `json:"version,omitzero"`
	Server           *bool      `json:"server,omitzero"`
	DomainController *bool      `json:"domain_controller,omitzero"`
	Time             *time.Time `json:"time,omitzero"`
	UptimeSeconds    *float64   `json:"uptime_seconds,omitzero"`
	AdminShare       *bool      `json:"admin_share,omitzero"`
	SystemShare      *bool      `json:"system_share,omitzero"`
	SystemShareName  string     `json:"system_share_name,omitzero"`
	SharePath        string     `json:"share_path,omitzero"`
}

// Service is what is known of a service.
type Service struct {
	Name      string   `json:"name"`
	Installed *bool    `json:"installed,omitzero"`
	State     string   `json:"state,omitzero"`
	StartMode string   `json:"start_mode,omitzero"`
	ExitCode  *uint32  `json:"exit_code,omitzero"`
	Account   string   `json:"account,omitzero"`
	InState   *float64 `json:"in_state_seconds,omitzero"`
	Error     string   `json:"error,omitzero"`
}

// Registry is what the registry says.
type Registry struct {
	Readable          *bool           `json:"readable,omitzero"`
	Error             string          `json:"error,omitzero"`
	AutoShareServer   *RegistryNumber `json:"auto_share_server,omitzero"`
	AutoShareWks      *RegistryNumber `json:"auto_share_wks,omitzero"`
	IRPStackSize      *RegistryNumber `json:"irp_stack_size,omitzero"`
	LogMaxSize        *RegistryNumber `json:"eventlog_max_size_bytes,omitzero"`
	LogRetention      *RegistryNumber `json:"eventlog_retention_seconds,omitzero"`
	ServicePack       *RegistryText   `json:"service_pack,omitzero"`
	SystemRoot        *RegistryText   `json:"system_root,omitzero"`
	ProductType       *RegistryText   `json:"product_type,omitzero"`
	ProductSuite      *RegistryText   `json:"product_suite,omitzero"`
	CrashOnAuditFail  *RegistryNumber `json:"crash_on_audit_fail,omitzero"`
	StaleNetworkCards []NetworkCard   `json:"stale_network_cards,omitzero"`
	CardsChecked      bool            `json:"network_cards_checked,omitzero"`
}

// RegistryNumber is a number in the registry, or that there is none.
type RegistryNumber struct {
	Set       bool    `json:"set"`
	Value     *uint32 `json:"value,omitzero"`
	WrongType string  `json:"wrong_type,omitzero"`
	Text      string  `json:"text,omitzero"`
}

// RegistryText is a text in the registry, or that there is none.
type RegistryText struct {
	Set   bool    `json:"set"`
	Value *string `json:"value,omitzero"`
}

// NetworkCard is a key that names a service without a key.
type NetworkCard struct {
	Key     string `json:"key"`
	Service string `json:"service"`
}

// Cause is what explains a result.
type Cause struct {
	Name        string       `json:"name"`
	Title       string       `json:"title"`
	Severity    string       `json:"severity"`
	Articles    []string     `json:"articles"`
	Headline    string       `json:"headline"`
	Evidence    []string     `json:"evidence"`
	Explanation string       `json:"explanation,omitzero"`
	Remedy      []RemedyStep `json:"remedy"`
	Runbook     string       `json:"runbook"`
}

// RemedyStep is one step of a remedy, see smbprobe.RemedyStep.
type RemedyStep struct {
	Kind     string          `json:"kind"`
	Text     string          `json:"text"`
	Commands []string        `json:"commands,omitzero"`
	Registry *RegistryChange `json:"registry,omitzero"`
	Dialog   string          `json:"dialog,omitzero"`
}

// RegistryChange is a registry value and what to do with it.
type RegistryChange struct {
	Key  string `json:"key"`
	Name string `json:"name,omitzero"`
	Type string `json:"type,omitzero"`
	Now  string `json:"now,omitzero"`
	Set  string `json:"set,omitzero"`
}

// RuledOut is what was seen that excludes causes.
type RuledOut struct {
	Causes []string `json:"causes"`
	Why    string   `json:"why"`
}
