package main

import (
	"fmt"
	"slices"

	"github.com/holdfast-go/holdfast/safefile/checksum"
)

// stage is the last stage that a job has passed.
type stage string

const (
	submitted stage = "submitted"
	validated stage = "validated"
	computed  stage = "computed"
	rejected  stage = "rejected"  // by the validation
	finalised stage = "finalised" // and so in the other file
)

// job is one set of numbers in the pipeline.
type job struct {
	Numbers []int `json:"numbers"`
	Stage   stage `json:"stage"`
	outcome
}

// outcome is the result of the stages.
type outcome struct {
	Worker   string  `json:"worker,omitempty"` // who has done the last stage
	Low      int     `json:"low"`
	High     int     `json:"high"`
	Sum      int     `json:"sum"`
	Squares  int     `json:"squares"`
	Average  float64 `json:"average"`
	Rejected string  `json:"rejected,omitempty"` // why
}

// results is the content of the second file.
type results struct {
	Total int                `json:"total"` // of the jobs below, each counted once
	Jobs  map[string]outcome `json:"jobs"`
}

// identify names a job by its numbers. A program that was killed before it saw the answer submits the same numbers
// again, and that is the same job.
func identify(numbers []int) string {
	return checksum.Sum([]byte(fmt.Sprint(numbers)))[:12]
}

// limit keeps the sum of the squares within an int.
const limit = 1_000_000

// validate is the first stage.
func (j *job) validate() {
	if len(j.Numbers) == 0 {
		j.Stage, j.Rejected = rejected, "no numbers"
		return
	}
	j.Low, j.High = slices.Min(j.Numbers), slices.Max(j.Numbers)
	if j.Low < -limit || j.High > limit {
		j.Stage, j.Rejected = rejected, fmt.Sprintf("not all numbers are between %d and %d", -limit, limit)
		return
	}
	j.Stage = validated
}

// compute is the second stage.
func (j *job) compute() {
	for _, n := range j.Numbers {
		j.Sum += n
		j.Squares += n * n
	}
	j.Average = float64(j.Sum) / float64(len(j.Numbers))
	j.Stage = computed
}
