package faultproxy

import "fmt"

// Kind is a way to spoil a message. The documentation of the package says what each does.
type Kind int

// The kinds. None leaves every message as it is.
const (
	None Kind = iota
	CloseBefore
	CloseMiddle
	CloseAfter
	ResetBefore
	ResetMiddle
	ResetAfter
	HangBefore
	HangMiddle
	HangAfter
	Trickle
	RandomBytes
	Truncate
	TruncateSMB
	LengthLonger
	LengthShorter
	InnerLength
	WrongMID
	WrongTID
	WrongUID
	WrongFID
	WrongSignature
	WrongCommand
	WrongStatus
	KeepAlive
	Duplicate
	Reorder
	Flip
	FlipHeader
	Insert
	EmptyFrame
	HugeFrame
)

// Kinds returns every kind but None, in the order of the documentation.
func Kinds() []Kind {
	var all []Kind
	for k := CloseBefore; k <= HugeFrame; k++ {
		all = append(all, k)
	}
	return all
}

// Harmless reports whether the receiver has to get on as if nothing had happened.
func (k Kind) Harmless() bool { return k == None || k == KeepAlive }

// String returns the name of the kind as it is written in the source.
func (k Kind) String() string {
	names := [...]string{
		None: "None", CloseBefore: "CloseBefore", CloseMiddle: "CloseMiddle", CloseAfter: "CloseAfter",
		ResetBefore: "ResetBefore", ResetMiddle: "ResetMiddle", ResetAfter: "ResetAfter",
		HangBefore: "HangBefore", HangMiddle: "HangMiddle", HangAfter: "HangAfter", Trickle: "Trickle",
		RandomBytes: "RandomBytes", Truncate: "Truncate", TruncateSMB: "TruncateSMB",
		LengthLonger: "LengthLonger", LengthShorter: "LengthShorter", InnerLength: "InnerLength",
		WrongMID: "WrongMID", WrongTID: "WrongTID", WrongUID: "WrongUID", WrongFID: "WrongFID",
		WrongSignature: "WrongSignature", WrongCommand: "WrongCommand", WrongStatus: "WrongStatus",
		KeepAlive: "KeepAlive", Duplicate: "Duplicate", Reorder: "Reorder",
		Flip: "Flip", FlipHeader: "FlipHeader", Insert: "Insert", EmptyFrame: "EmptyFrame", HugeFrame: "HugeFrame",
	}
	if k < 0 || int(k) >= len(names) {
		return fmt.Sprintf("Kind(%d)", int(k))
	}
	return names[k]
}
