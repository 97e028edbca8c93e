package edit

// maxDistance limits the number of changes for which align finds a shortest list.
const maxDistance = 200

// align finds a longest common subsequence of two sequences of n and m
// elements and gives it as pairs of indices. For more than maxDistance changes it
// gives only the common head and tail.
func align(n, m int, equal func(i, j int) bool) [][2]int {
	head, tail := 0, 0
	for head < n && head < m && equal(head, head) {
		head++
	}
	for tail < n-head && tail < m-head && equal(n-1-tail, m-1-tail) {
		tail++
	}
	pairs := make([][2]int, 0, head+tail)
	for i := range head {
		pairs = append(pairs, [2]int{i, i})
	}
	middle := shortest(n-head-tail, m-head-tail, func(i, j int) bool { return equal(head+i, head+j) })
	for _, p := range middle {
		pairs = append(pairs, [2]int{head + p[0], head + p[1]})
	}
	for i := tail; i > 0; i-- {
		pairs = append(pairs, [2]int{n - i, m - i})
	}
	return pairs
}

// shortest is Myers' greedy algorithm: furthest[k] is how far the diagonal k
// was followed with d changes.
func shortest(n, m int, equal func(i, j int) bool) [][2]int {
	if n == 0 || m == 0 {
		return nil
	}
	limit := min(n+m, maxDistance)
	furthest := make([]int, 2*limit+3)
	mid := limit + 1
	var trace [][]int
	for d := 0; d <= limit; d++ {
		trace = append(trace, append([]int(nil), furthest[mid-d:mid+d+1]...))
		for k := -d; k <= d; k += 2 {
			i := furthest[mid+k-1] + 1
			if k == -d || k != d && furthest[mid+k-1] < furthest[mid+k+1] {
				i = furthest[mid+k+1]
			}
			for i < n && i-k < m && equal(i, i-k) {
				i++
			}
			furthest[mid+k] = i
			if i >= n && i-k >= m {
				return backtrack(trace, n, m)
			}
		}
	}
	return nil
}

// backtrack walks the trace of shortest from the end and collects the matches.
func backtrack(trace [][]int, n, m int) [][2]int {
	var pairs [][2]int
	i, j := n, m
	for d := len(trace) - 1; d >= 0; d-- {
		before := trace[d] // before[d+k] is furthest[k] as step d found it
		k := i - j
		down := k == -d || k != d && before[d+k-1] < before[d+k+1]
		fromI, fromJ := 0, 0
		if d > 0 {
			if down {
				fromI = before[d+k+1]
				fromJ = fromI - k - 1
			} else {
				fromI = before[d+k-1]
				fromJ = fromI - k + 1
			}
		}
		for i > fromI && j > fromJ {
			i, j = i-1, j-1
			pairs = append(pairs, [2]int{i, j})
		}
		i, j = fromI, fromJ
	}
	for l, r := 0, len(pairs)-1; l < r; l, r = l+1, r-1 {
		pairs[l], pairs[r] = pairs[r], pairs[l]
	}
	return pairs
}
