package torture

// event is one thing that somebody said.
type event struct {
	From string `json:"from"`           // the worker's name
	What string `json:"what"`           // one of the words below
	In   string `json:"in,omitempty"`   // the workload
	ID   string `json:"id,omitempty"`   // of a change, unique in its workload
	Note string `json:"note,omitempty"` // why, or how many
}

// The kinds of events.
const (
	begun    = "begun"    // the change is about to be made
	acked    = "acked"    // it was acknowledged
	failed   = "failed"   // it was not
	stopping = "stopping" // its temp is complete and not yet renamed
	watching = "watching" // a reader has begun
	seen     = "seen"     // a reader is done, and how often it looked
	wrong    = "wrong"    // a reader saw what nobody may ever see
	exited   = "exited"   // the process is gone; a note if nobody wanted that
)

// history is what was said, in an order that is true to time: if one event was
// over before another began, it comes first.
type history []event

// change is what a history tells of one change: the positions of its begin and
// its end, and whether it was acknowledged. A change whose process was killed has no end.
type change struct {
	id           string
	begun, ended int
	acked        bool
}

// changes are those of one workload, by id.
func (h history) changes(in string) map[string]change {
	all := map[string]change{}
	for i, e := range h {
		if e.In != in {
			continue
		}
		switch c := all[e.ID]; e.What {
		case begun:
			all[e.ID] = change{id: e.ID, begun: i, ended: len(h)}
		case acked, failed:
			c.ended, c.acked = i, e.What == acked
			all[e.ID] = c
		}
	}
	return all
}

// count says how many events say so.
func (h history) count(what string) int {
	n := 0
	for _, e := range h {
		if e.What == what {
			n++
		}
	}
	return n
}
