package etcdtest

import (
	"context"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Fate is what becomes of one request.
type Fate uint8

const (
	Answered   Fate = iota // it is carried out and answered
	AnswerLost             // it is carried out, and the answer is lost
	Lost                   // it never arrives
	Twice                  // it is carried out, sent once more, and the answer is the second one
	Late                   // the caller gets no answer, and it arrives when Deliver is called
)

// Wire decides what becomes of the requests of a client.
type Wire struct {
	mu   sync.Mutex
	fate func(method string, request any) Fate
	late []func() error
}

// Option lays a client's requests over the wire.
func (w *Wire) Option() grpc.DialOption {
	return grpc.WithChainUnaryInterceptor(w.intercept)
}

// Decide sets what becomes of the requests from now on. The method is a name such as "Txn". Nil answers all.
func (w *Wire) Decide(fate func(method string, request any) Fate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fate = fate
}

// Deliver sends what is late, and gives the errors of that.
func (w *Wire) Deliver() (errs []error) {
	w.mu.Lock()
	late := w.late
	w.late = nil
	w.mu.Unlock()
	for _, send := range late {
		errs = append(errs, send())
	}
	return errs
}

func (w *Wire) intercept(ctx context.Context, method string, request, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	w.mu.Lock()
	fate := Answered
	if w.fate != nil {
		fate = w.fate(method[strings.LastIndex(method, "/")+1:], request)
	}
	if fate == Late {
		later := context.WithoutCancel(ctx)
		w.late = append(w.late, func() error { return invoke(later, method, request, reply, cc, opts...) })
	}
	w.mu.Unlock()
	switch fate {
	case Lost, Late:
		return status.Error(codes.Unavailable, "the connection broke")
	case Twice:
		if err := invoke(ctx, method, request, reply, cc, opts...); err != nil {
			return err
		}
	case AnswerLost:
		if err := invoke(ctx, method, request, reply, cc, opts...); err != nil {
			return err
		}
		return status.Error(codes.Unavailable, "the connection broke before the answer came")
	}
	return invoke(ctx, method, request, reply, cc, opts...)
}
