package main

import (
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
)

// manPage is the flag of kingpin that prints the man page. Kingpin's own page has neither a
// description nor what is below its flags, so run prints manTemplate.
const manPage = "--help-man"

// manTemplate is kingpin's, man-pages(7).
var manTemplate = strings.NewReplacer(
	`.TH {{.App.Name}} 1 {{.App.Version}} "{{.App.Author}}"`, `.TH {{.App.Name}} 1 "" "{{.App.Name}} {{.App.Version}}"`,
	".SH \"NAME\"\n{{.App.Name}}\n", ".SH \"NAME\"\n{{.App.Name}} \\- Prometheus exporter for the RAS phone book of Exchange 5.x servers\n",
).Replace(kingpin.ManPageTemplate) + `.SH "EXIT STATUS"
.TP
\fBserve, demo, healthcheck\fR
0 after a regular end, or if the exporter is healthy; 1 if not; 3 for a mistake on the command line.
.TP
\fBprobe\fR
As the monitoring plugins have it: 0 OK, 1 warning, 2 critical, 3 unknown or a mistake on the command line or in the configuration. Of several targets the worst, 2 before 1 before 3 before 0.
.TP
\fBlint\fR
0 if nothing or oddities alone were found, 2 for a damaged phone book, 3 for a file that cannot be read.
.SH "ENVIRONMENT"
.TP
\fB` + passwordVariable + `\fR
The password of \fBprobe \-\-username\fR.
.TP
\fBSTATE_DIRECTORY\fR
The folder of the lockout file, as systemd sets it. Without it the file is in the user's cache folder.
.TP
\fBNO_COLOR\fR
If it is set, reports have no colors.
.SH "FILES"
.TP
\fB` + defaultConfigFile + `\fR
The configuration, in the current folder unless \fB\-\-config.file\fR names another.
.SH "EXAMPLES"
.TP
\fB` + program + ` demo\fR
Serve simulated servers on http://127.0.0.1:10196/.
.TP
\fB` + program + ` probe \-\-username rasphone \-\-domain EXCH01 exch01.corp.example\fR
Probe a server without a configuration. It asks for the password.
.TP
\fB` + program + ` \-\-config.check\fR
Report the mistakes of ` + defaultConfigFile + `.
`

// printManPage prints the man page of the whole program.
func printManPage(app *kingpin.Application) error {
	context, err := app.ParseContext(nil)
	if err != nil {
		return err
	}
	// The application's own version has several lines.
	return app.UsageForContextWithTemplate(context, 2, strings.ReplaceAll(manTemplate, "{{.App.Version}}", version.Version))
}
