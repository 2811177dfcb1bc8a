# Reads the output of "go test -v". Prints a line for each package, all of the
# output of a package that failed, and the tests that were skipped. Fails if
# one was skipped, or nothing was tested: a test that did not run proves nothing.

# The line that names a test is printed if the test wrote something after it.
function print_package(   i, name) {
	for (i = 1; i <= length_of_package; i++) {
		if (package[i] ~ /^=== /) {
			name = package[i]
			continue
		}
		if (package[i] ~ /^ *--- PASS: /)
			continue
		if (name != "")
			print name
		name = ""
		print package[i]
	}
}

/--- SKIP: / { skipped[++skips] = $0 }

/^(ok  |FAIL|\?   )\t/ {
	if ($1 == "FAIL") {
		print_package()
		failures++
	}
	if ($1 == "ok")
		tested++
	length_of_package = 0
	print
	fflush()
	next
}

{ package[++length_of_package] = $0 }

END {
	print_package()
	if (skips > 0) {
		print "FAIL: " skips " tests were skipped, and none may be:"
		for (i = 1; i <= skips; i++)
			print skipped[i]
		exit 1
	}
	if (failures > 0)
		exit 1
	if (tested + failures == 0) {
		print "FAIL: no package has tests"
		exit 1
	}
}
