package salesdock

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/countersign/countersign"
)

// TasksService is the tasks of people.
type TasksService struct{ service }

// Task is a task.
type Task struct {
	ID          TaskID          `json:"id"`
	Title       Text            `json:"title"`
	Type        Text            `json:"type"` // "default", "appointment" or "callback"
	Description Text            `json:"description"`
	Remarks     Text            `json:"remarks"`
	Location    Text            `json:"location"`
	PlannedDate Date            `json:"planned_date"`
	StartTime   Text            `json:"planned_start_time"`
	EndTime     Text            `json:"planned_end_time"`
	Completed   json.RawMessage `json:"completed"`
	CreatedAt   Time            `json:"created_at"`
	UpdatedAt   Time            `json:"updated_at"`
	// Raw is the whole task as it came.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the task and keeps it whole.
func (t *Task) UnmarshalJSON(data []byte) error {
	type plain Task
	return decodeKept(data, (*plain)(t), &t.Raw)
}

// TaskQuery narrows a list of tasks; the zero value is all.
type TaskQuery struct {
	Mode      string // "open" or "completed"
	Completed string // "yes" or "no"
	OwnerID   UserID
	Assigned  UserID
	Period    Period
	Cursor    string // of Page.Next; empty: the first page
}

// List gives one page of tasks.
func (s TasksService) List(ctx context.Context, q TaskQuery, opts ...countersign.CallOption) (*countersign.Page[Task], error) {
	p := params{}
	p.set("mode", q.Mode)
	p.set("completed", q.Completed)
	p.set("owner_user_id", string(q.OwnerID))
	p.set("assigned_user_id", string(q.Assigned))
	p.period(q.Period, stampLayout)
	return askPage[Task](ctx, s.conn, get(either, "list tasks", "/tasks").query(map[string][]string(p)), q.Cursor, opts)
}

// All goes through all tasks.
func (s TasksService) All(ctx context.Context, q TaskQuery, opts ...countersign.CallOption) iter.Seq2[*Task, error] {
	return pages(q.Cursor, func(cursor string) (*countersign.Page[Task], error) {
		q.Cursor = cursor
		return s.List(ctx, q, opts...)
	})
}

// Get reads one task.
func (s TasksService) Get(ctx context.Context, id TaskID, opts ...countersign.CallOption) (*Task, error) {
	return ask[Task](ctx, s.conn, get(either, "get task", "/tasks/{id}", string(id)), opts)
}

// TaskInput is what a task is made of. Title and Type are required.
type TaskInput struct {
	Title       string     `json:"title"`
	Type        string     `json:"type"` // "default", "appointment" or "callback"
	Description string     `json:"description,omitempty"`
	Remarks     string     `json:"remarks,omitempty"`
	Location    string     `json:"location,omitempty"`
	PlannedDate DutchDate  `json:"planned_date,omitzero"`
	StartTime   string     `json:"planned_start_time,omitempty"`
	EndTime     string     `json:"planned_end_time,omitempty"`
	UserID      UserID     `json:"user_id,omitempty"`
	RelationID  RelationID `json:"relation_id,omitempty"`
	Completed   YesNo      `json:"completed"`
}

// Create makes a task.
func (s TasksService) Create(ctx context.Context, in TaskInput, opts ...countersign.CallOption) (TaskID, error) {
	return askID[TaskID](ctx, s.conn, send(either, "create task", "POST", "/tasks", in), "task_id", opts)
}

// Update changes a task.
func (s TasksService) Update(ctx context.Context, id TaskID, in TaskInput, opts ...countersign.CallOption) error {
	return s.conn.run(ctx, send(either, "update task", "PUT", "/tasks/{id}", in, string(id)), nil, opts)
}

// Delete removes a task. It needs the scope account.
func (s TasksService) Delete(ctx context.Context, id TaskID, opts ...countersign.CallOption) error {
	return s.conn.run(ctx, send(accountOnly, "delete task", "DELETE", "/tasks/{id}", nil, string(id)), nil, opts)
}
