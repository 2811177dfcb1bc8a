package phonebook

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// At its limit nothing is found; one more is.
func TestLimits(t *testing.T) {
	entry := func(name, number string) string {
		return fmt.Sprintf("[%s]\nMEDIA=serial\nPort=COM1\nDEVICE=modem\nPhoneNumber=%s\n", name, number)
	}
	tests := []struct {
		check CheckID
		limit int
		book  func(n int) string
		also  map[CheckID]int // found on both sides of the limit
	}{
		{
			CheckNameOver20, MaxDialedName,
			func(n int) string { return entry(strings.Repeat("n", n), "1") }, nil,
		},
		{
			CheckNameOver20, MaxDialedName,
			func(n int) string { return entry(strings.Repeat("ü", n), "1") }, map[CheckID]int{CheckNameNotASCII: 1},
		},
		{
			CheckPhoneNumberOver128, MaxPhoneNumber,
			func(n int) string { return entry("A", strings.Repeat("1", n)) }, nil,
		},
		{
			CheckLineOver1024, maxLine,
			func(n int) string { return entry("A", "1") + "X=" + strings.Repeat("x", n-2) + "\n" }, nil,
		},
		{
			CheckEntriesOver10, 10,
			func(n int) string {
				var b strings.Builder
				for i := range n {
					b.WriteString(entry(fmt.Sprint("Entry ", i), "1"))
				}
				return b.String()
			}, nil,
		},
		{
			CheckDevicesOverLimit, 4,
			func(n int) string { return entry("A", "1") + strings.Repeat("DEVICE=switch\n", n-1) }, nil,
		},
		{
			CheckDevicesOverLimit, 1,
			func(n int) string {
				return "[A]\nMEDIA=rastapi\nPort=x\n" + strings.Repeat("DEVICE=PPPoE\n", n)
			}, nil,
		},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.check, " ", test.limit), func(t *testing.T) {
			want := map[CheckID]int{}
			maps.Copy(want, test.also)
			if r := checkText(test.book(test.limit), Options{}); !maps.Equal(countsOf(r), want) {
				t.Errorf("at %d: want %v, got\n%s", test.limit, want, tellAll(r))
			}
			want[test.check] = 1
			if r := checkText(test.book(test.limit+1), Options{}); !maps.Equal(countsOf(r), want) {
				t.Errorf("at %d: want %v, got\n%s", test.limit+1, want, tellAll(r))
			}
		})
	}
}

// Above 256 characters that alone is said, and not that 20 are too many as well.
func TestNameLimitOfRAS(t *testing.T) {
	for n, want := range map[int]CheckID{MaxName: CheckNameOver20, MaxName + 1: CheckNameOver256} {
		r := checkText("["+strings.Repeat("n", n)+"]\nMEDIA=rastapi\nPort=x\nDEVICE=PPPoE\n", Options{})
		if !maps.Equal(countsOf(r), map[CheckID]int{want: 1}) {
			t.Errorf("%d characters: want %s, got\n%s", n, want, tellAll(r))
		}
	}
}
