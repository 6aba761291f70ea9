package digiposttest

import (
	"encoding/xml"
	"net/http"
	"slices"
)

type batch struct {
	status          string
	digipost, print int
}

func (b *batch) committed() bool { return b.status == "COMMITTED" || b.status == "DONE" }

func (s *Server) batchAnswer(c *call, status int, id string) {
	b := s.state.batches[id]
	if b == nil {
		s.fail(c, http.StatusNotFound, "UNKNOWN_BATCH", "no such batch", "CLIENT_DATA")
		return
	}
	out := wireBatch{UUID: id, Status: b.status, Digipost: b.digipost, Print: b.print}
	if !b.committed() {
		path := "/batch-example/" + id
		out.Links = []wireLink{link(s.web.URL, "complete_batch", path+"/complete"), link(s.web.URL, "self_delete", path)}
	}
	s.answer(c, status, out)
}

func (s *Server) createBatch(c *call) {
	var m struct {
		XMLName xml.Name `xml:"http://api.digipost.no/schema/v8 batch"`
		UUID    string   `xml:"uuid"`
	}
	if !s.decode(c, c.body, &m) {
		return
	}
	if s.state.batches[m.UUID] == nil {
		s.state.batches[m.UUID] = &batch{status: "CREATED"}
	}
	s.batchAnswer(c, http.StatusCreated, m.UUID)
}

func (s *Server) getBatch(c *call) { s.batchAnswer(c, http.StatusOK, c.values["uuid"]) }

func (s *Server) completeBatch(c *call) {
	b := s.state.batches[c.values["uuid"]]
	if b != nil && b.committed() && !s.cfg.twice {
		s.fail(c, http.StatusBadRequest, "INVALID_TRANSACTION", "the batch is committed", "CLIENT_TECHNICAL")
		return
	}
	if b != nil && !b.committed() {
		b.status = "COMMITTED"
	}
	s.batchAnswer(c, http.StatusOK, c.values["uuid"])
}

func (s *Server) cancelBatch(c *call) {
	id := c.values["uuid"]
	switch b := s.state.batches[id]; {
	case b == nil:
		s.batchAnswer(c, http.StatusOK, id)
		return
	case b.committed():
		s.fail(c, http.StatusBadRequest, "INVALID_TRANSACTION", "the batch is committed", "CLIENT_TECHNICAL")
		return
	}
	delete(s.state.batches, id)
	s.state.messages = slices.DeleteFunc(s.state.messages, func(m Message) bool { return m.Batch == id })
	s.answer(c, http.StatusOK, nil)
}

// FinishBatch makes a committed batch done, as it is when all of its messages are
// delivered.
func (s *Server) FinishBatch(uuid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.state.batches[uuid]; b != nil && b.committed() {
		b.status = "DONE"
	}
}

// joins refuses a message for a batch that takes none.
func (s *Server) joins(c *call, id string) bool {
	if id == "" {
		return true
	}
	switch b := s.state.batches[id]; {
	case b == nil:
		return s.fail(c, http.StatusBadRequest, "UNKNOWN_BATCH", "no such batch", "CLIENT_DATA")
	case b.committed():
		return s.fail(c, http.StatusBadRequest, "INVALID_TRANSACTION", "the batch is committed", "CLIENT_TECHNICAL")
	}
	return true
}
