package vfs

// Notifier reports changes of directories and files, whoever makes them, as inotify(7) does. It is safe for
// concurrent use.
type Notifier interface {
	// Watch begins to report changes of the directory or file at path. It does not follow a link in the last
	// place. The same directory or file gives the same number, and the scopes add up.
	Watch(path string, s Scope) (WatchID, error)
	// Unwatch ends the reports. Reports that are under way may still come.
	Unwatch(w WatchID)
	// Wait waits until there is something to take. After Close it is an error.
	Wait() error
	// Take gives what has been reported so far to each, and does not wait. The event's name is valid until each
	// returns.
	Take(each func(Event))
	// Close ends all reports and every Wait.
	Close() error
}

// WatchID is the number of a directory or file that a [Notifier] watches. A Notifier does not use a number again soon.
type WatchID int

// Scope says which changes are reported.
type Scope uint8

const (
	// WatchNames is of a directory: its entries and their attributes.
	WatchNames Scope = iota
	// WatchContents is of a directory: as WatchNames, and the contents of its files.
	WatchContents
	// WatchFile is of a file: its content and attributes.
	WatchFile
)

// Event is one change.
type Event struct {
	Watch WatchID
	Name  []byte // of the entry; empty if the watched directory or file itself changed
	Kind  EventKind
}

// EventKind says what changed.
type EventKind uint8

const (
	Written    EventKind = iota // somebody closed a file that was open for writing
	Modified                    // content was written or cut off
	MovedIn                     // a rename has put an entry here
	Appeared                    // an entry was made
	Vanished                    // an entry was removed, or renamed away
	Attributes                  // mode, owner, times or other attributes
	SelfGone                    // what is watched was removed, renamed or unmounted
	Unwatched                   // the number is no longer used
	EventsLost                  // there were too many events, and some are lost, of any number
)
