# Reads what "go version -m BINARY" says of a binary, and prints its bill of materials
# as CycloneDX 1.5 JSON (https://cyclonedx.org/docs/1.5/json/): the Go standard library
# and every module that is linked in. The checksums of go.sum are of whole modules in a
# form of Go's own, so they stand as properties. No time and no serial number: two bills
# of one binary are the same.
# Variables: version, of the program; purl_query, the platform.

function quoted(text) {
	gsub(/["\\]/, "\\\\&", text)
	return "\"" text "\""
}

function component(type, path, version, sum, indent,   purl) {
	purl = "pkg:golang/" path "@" version
	printf "%s\"type\": %s,\n", indent, quoted(type)
	printf "%s\"bom-ref\": %s,\n", indent, quoted(purl)
	printf "%s\"name\": %s,\n", indent, quoted(path)
	printf "%s\"version\": %s,\n", indent, quoted(version)
	if (sum != "")
		printf "%s\"properties\": [{\"name\": \"go:sum\", \"value\": %s}],\n", indent, quoted(sum)
	printf "%s\"purl\": %s", indent, quoted(purl (path == main_module ? purl_query : ""))
}

NR == 1 { go_version = $2; sub(/^go/, "", go_version) }
$1 == "mod" { main_module = $2 }
$1 == "dep" { name[++n] = $2; at[n] = $3; sum[n] = $4 }
$1 == "=>" { name[n] = $2; at[n] = $3; sum[n] = $4 } # in the place of the one before it

END {
	if (main_module == "" || n == 0 || go_version !~ /^[0-9]+\./) {
		print "this is not what go version -m says of a binary with modules" > "/dev/stderr"
		exit 1
	}
	print "{"
	print "  \"bomFormat\": \"CycloneDX\","
	print "  \"specVersion\": \"1.5\","
	print "  \"version\": 1,"
	print "  \"metadata\": {"
	print "    \"component\": {"
	component("application", main_module, version, "", "      ")
	print ","
	print "      \"licenses\": [{\"license\": {\"id\": \"Apache-2.0\"}}]"
	print "    }"
	print "  },"
	print "  \"components\": ["
	print "    {"
	component("library", "std", go_version, "", "      ")
	for (i = 1; i <= n; i++) {
		print "\n    },\n    {"
		component("library", name[i], at[i], sum[i], "      ")
	}
	print "\n    }"
	print "  ]"
	print "}"
}
