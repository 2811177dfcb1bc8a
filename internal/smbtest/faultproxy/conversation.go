package faultproxy

import (
	"bufio"
	"io"
	"net"
	"sync"
	"time"
)

// converse serves one client until both sides have ended.
func (p *Proxy) converse(client *net.TCPConn, number int) {
	if !p.keep(client) {
		return
	}
	defer p.drop(client)
	var dialer net.Dialer
	conn, err := dialer.DialContext(p.ctx, "tcp", p.server.String())
	if err != nil {
		return // and the client sees its connection end
	}
	server := conn.(*net.TCPConn)
	if !p.keep(server) {
		return
	}
	defer p.drop(server)

	var answers sync.WaitGroup
	answers.Go(func() {
		(&flow{proxy: p, direction: FromServer, connection: number, from: server, to: client}).run()
	})
	(&flow{proxy: p, direction: FromClient, connection: number, from: client, to: server}).run()
	answers.Wait()
}

// flow is one direction of a connection.
type flow struct {
	proxy      *Proxy
	direction  Direction
	connection int
	from, to   *net.TCPConn
	next       int // the index of the next message
}

// run passes messages on until either side ends or a fault ends the direction. Then it reads and
// discards the rest, so that the end stays a FIN: closing a connection with unread bytes resets
// it. Errors are ignored: each means that a side has ended, and then the other one is closed.
func (f *flow) run() {
	r := bufio.NewReader(f.from)
	switch f.pass(r) {
	case resets:
		_ = f.to.SetLinger(0)
		_ = f.to.Close()
	case hangs: // until the sender ends
	default:
		_ = f.to.CloseWrite()
	}
	_, _ = io.Copy(io.Discard, r)
	_ = f.to.CloseWrite()
}

// pass passes messages on, and returns how the connection is to end.
func (f *flow) pass(r *bufio.Reader) ending {
	for {
		message, err := readMessage(r)
		if err != nil {
			return closes
		}
		d, err := f.judge(message, r)
		if err != nil {
			return closes
		}
		if err := f.send(d); err != nil {
			return closes
		}
		if d.then != goesOn {
			return d.then
		}
	}
}

// judge decides what goes out for a message.
func (f *flow) judge(message []byte, r *bufio.Reader) (delivery, error) {
	if incidental(message) {
		return plain(message), nil
	}
	place := f.place()
	random := place.random(f.proxy.seed)
	kind := f.proxy.rule.kind(place, random)
	if kind == Reorder {
		return f.reorder(message, place, r)
	}
	d, spoiled := spoil(kind, message, random)
	if spoiled {
		f.proxy.strike(place)
	}
	return d, nil
}

// reorder sends the next message first, if it arrives in time. That one is counted and has no
// fault.
func (f *flow) reorder(message []byte, place Place, r *bufio.Reader) (delivery, error) {
	comes, err := comesWithin(f.from, r, f.proxy.patience)
	if err != nil || !comes {
		return plain(message), err
	}
	second, err := readMessage(r)
	if err != nil {
		return delivery{}, err
	}
	if !incidental(second) {
		f.place()
	}
	f.proxy.strike(place)
	return reordered(message, second), nil
}

func (f *flow) place() Place {
	place := f.proxy.place(f.direction, f.connection, f.next)
	f.next++
	return place
}

func (f *flow) send(d delivery) error {
	for _, chunk := range d.chunks {
		if d.slowly {
			if err := f.trickle(chunk); err != nil {
				return err
			}
			continue
		}
		if _, err := f.to.Write(chunk); err != nil {
			return err
		}
	}
	return nil
}

// trickle sends a byte at a time, until the receiver or the proxy ends.
func (f *flow) trickle(chunk []byte) error {
	ticker := time.NewTicker(f.proxy.interval)
	defer ticker.Stop()
	for i := range chunk {
		select {
		case <-ticker.C:
		case <-f.proxy.ctx.Done():
			return f.proxy.ctx.Err()
		}
		if _, err := f.to.Write(chunk[i : i+1]); err != nil {
			return err
		}
	}
	return nil
}
