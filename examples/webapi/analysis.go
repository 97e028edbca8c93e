package main

import (
	"encoding/json"
	"math"
	"slices"

	"github.com/holdfast-go/holdfast/errors"
)

// report is the result of an analysis.
type report struct {
	Numbers *figures       `json:"numbers,omitempty"` // nil if there are none
	Types   map[string]int `json:"types"`             // how many values there are of each
}

// figures describe all numbers of a document.
type figures struct {
	Count    int     `json:"count"`
	Sum      float64 `json:"sum"`
	Average  float64 `json:"average"`
	Min      float64 `json:"min"`
	Max      float64 `json:"max"`
	Variance float64 `json:"variance"`
}

var errTooLarge = errors.New("the numbers are too large to calculate with")

// analyse examines a document. JSON has no infinity, so a result that is infinite is an error.
func analyse(document any) (*report, error) {
	found := report{Types: map[string]int{}}
	var numbers []float64
	if err := found.walk(document, &numbers); err != nil {
		return nil, err
	}
	if len(numbers) > 0 {
		f := describe(numbers)
		if math.IsInf(f.Sum, 0) || math.IsInf(f.Variance, 0) || math.IsNaN(f.Variance) {
			return nil, errTooLarge
		}
		found.Numbers = &f
	}
	return &found, nil
}

func (r *report) walk(value any, numbers *[]float64) error {
	switch value := value.(type) {
	case nil:
		r.Types["null"]++
	case bool:
		r.Types["bool"]++
	case string:
		r.Types["string"]++
	case json.Number: // holds every digit of the text
		r.Types["number"]++
		n, err := value.Float64()
		if err != nil {
			return errTooLarge
		}
		*numbers = append(*numbers, n)
	case []any:
		r.Types["array"]++
		for _, inner := range value {
			if err := r.walk(inner, numbers); err != nil {
				return err
			}
		}
	case map[string]any:
		r.Types["object"]++
		for _, inner := range value {
			if err := r.walk(inner, numbers); err != nil {
				return err
			}
		}
	}
	return nil
}

func describe(numbers []float64) figures {
	slices.Sort(numbers) // the walk has no order; the same document shall give the same sum
	f := figures{Count: len(numbers), Min: numbers[0], Max: numbers[len(numbers)-1]}
	for _, n := range numbers {
		f.Sum += n
	}
	f.Average = f.Sum / float64(f.Count)
	for _, n := range numbers {
		f.Variance += (n - f.Average) * (n - f.Average) / float64(f.Count)
	}
	return f
}
