package codectest_test

import "testing"

func TestTheCodecOfTheExamplePasses(t *testing.T) { testTable(t) }
