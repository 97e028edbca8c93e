//go:build !unix

package torture

import "testing"

// canStop says that processes can be stopped and continued.
const canStop = false

func stopSelf() { panic("torture.stopSelf: not on this system") }

func killSelf() { panic("torture.killSelf: not on this system") }

func (p *process) awaitStopped(t *testing.T) { t.Fatal("processes can't be stopped on this system") }

func (p *process) resume(t *testing.T) { t.Fatal("processes can't be continued on this system") }
