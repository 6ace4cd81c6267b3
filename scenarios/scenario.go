package scenarios

// Scenario is one file. The `about` tags document each field; they are also
// the descriptions in the JSON Schema and in error messages.
type Scenario struct {
	Name       string            `yaml:"name" about:"what the scenario is called: the path of its file without the ending"`
	About      string            `yaml:"about" about:"the story, in a few sentences"`
	Proves     []string          `yaml:"proves" about:"properties that the run checks"`
	Tiers      []string          `yaml:"tiers,omitempty" about:"tiers it is meant for; default all that can express it"`
	World      World             `yaml:"world" about:"the OM cluster and its namespace at the start"`
	Config     map[string]string `yaml:"config,omitempty" about:"settings of Recon under their exact keys"`
	Readers    Readers           `yaml:"readers" about:"who reads while the story goes on"`
	Timeline   []Step            `yaml:"timeline,omitempty" about:"steps, taken strictly in this order"`
	Faults     []Fault           `yaml:"faults,omitempty" about:"what goes wrong, as one-line rules"`
	Schedule   Schedule          `yaml:"schedule,omitempty" about:"how a simulation orders its actors"`
	Expect     Expect            `yaml:"expect" about:"what must have come to pass when the story ends"`
	Thresholds []Threshold       `yaml:"thresholds,omitempty" about:"figures that the run must reach or keep"`

	// Comment stands at the beginning of the file, without its "#".
	Comment string `yaml:"-"`
	// File is the name the scenario was loaded under; it is not in the file.
	File string `yaml:"-"`

	places map[string]place
	vocab  *Vocabulary
}

// World is the OM cluster and its namespace at the start. Zero values mean the
// defaults that ForTier fills in.
type World struct {
	OMs             int64            `yaml:"oms,omitempty" about:"OM nodes, named om1, om2 and so on; default 3"`
	Keys            Size             `yaml:"keys" about:"committed keys at the start"`
	Layouts         map[string]int64 `yaml:"layouts,omitempty" about:"share of keys by bucket layout; default equal shares"`
	DeltasPerSecond Size             `yaml:"deltasPerSecond,omitempty" about:"OM transactions a second once readers are there; default none"`
	Seed            int64            `yaml:"seed,omitempty" about:"seed of the namespace and of the workload"`
	Schema          string           `yaml:"schema,omitempty" about:"set of column families in the OM's checkpoints; default 2.2.0"`
	Protocol        string           `yaml:"protocol,omitempty" about:"how the engine switches; default generation"`
}

// Readers are the clients whose answers are checked.
type Readers struct {
	Count             Size     `yaml:"count" about:"readers at work at the same time"`
	Sessions          Size     `yaml:"sessions,omitempty" about:"clients they speak for, each of which must never go back; default one for each reader"`
	InFlight          int64    `yaml:"inFlight,omitempty" about:"requests that a reader keeps under way at once, as a web page does; default 1"`
	ThinkTime         Duration `yaml:"thinkTime,omitempty" about:"pause of a reader between two requests; default none"`
	RequestsPerSecond Size     `yaml:"requestsPerSecond,omitempty" about:"requests that fall due for each reader in a second, however long the answers take, and from when each is measured; default the next follows the answer"`
	Endpoints         []string `yaml:"endpoints,omitempty" about:"what they ask for, in turn; default every endpoint"`
}

// Step is one line of the timeline. It is due when every step before it is
// done, its time `at` has come, its condition `when` holds, and then the time
// `after` has passed.
type Step struct {
	Name   string            `yaml:"name,omitempty" about:"the step in words"`
	At     Duration          `yaml:"at,omitempty" about:"not before this long after the readers began"`
	When   Condition         `yaml:"when,omitempty" about:"not before all of this holds"`
	After  Duration          `yaml:"after,omitempty" about:"wait so long once the step could begin"`
	Do     string            `yaml:"do" about:"the verb"`
	To     string            `yaml:"to,omitempty" about:"the OM node that is to lead; default the next one"`
	Node   string            `yaml:"node,omitempty" about:"the OM node it happens to; default the leader, for heal every node"`
	Count  Size              `yaml:"count,omitempty" about:"OM transactions at once"`
	Rate   Size              `yaml:"rate,omitempty" about:"OM transactions a second; default the world's"`
	Fault  string            `yaml:"fault,omitempty" about:"id of the fault"`
	For    Duration          `yaml:"for,omitempty" about:"how long"`
	Policy string            `yaml:"policy,omitempty" about:"what the disk keeps of what was not synced; default drawn from the seed"`
	Config map[string]string `yaml:"config,omitempty" about:"settings of Recon under their exact keys"`

	Latency          Duration `yaml:"latency,omitempty" about:"how long a message takes on average"`
	LossPercent      int64    `yaml:"lossPercent,omitempty" about:"how many of 100 messages are lost, and the connection with them"`
	DuplicatePercent int64    `yaml:"duplicatePercent,omitempty" about:"how many of 100 requests arrive twice"`

	// Comment stands before the step in the file, without its "#".
	Comment string `yaml:"-"`
}

// Condition is a state of affairs that a step waits for; all given parts must
// hold. States and phases count as reached also when they were passed through
// after the step before was done.
type Condition struct {
	State      string `yaml:"state,omitempty" about:"staging reached this state"`
	Phase      string `yaml:"phase,omitempty" about:"staging reached this phase"`
	Generation int64  `yaml:"generation,omitempty" about:"at least so many generations were published in this run"`
	Fault      string `yaml:"fault,omitempty" about:"the fault with this id fired"`
	Fired      int64  `yaml:"fired,omitempty" about:"how many times it must have fired; default once"`
	Reads      Size   `yaml:"reads,omitempty" about:"so many answers were read in this run"`
	Deltas     Size   `yaml:"deltas,omitempty" about:"so many OM transactions were applied by Recon after the first snapshot"`
	Leader     string `yaml:"leader,omitempty" about:"Recon takes this OM node for the leader"`
}

// Fault is a rule of the fault plan under an id.
type Fault struct {
	ID       string `yaml:"id" about:"name of the fault in the timeline, in expectations and in reports"`
	Rule     string `yaml:"rule" about:"one line of the plan language: at POINT of SUBJECT when n >= N on hit K : ACTION"`
	Armed    string `yaml:"armed,omitempty" about:"start (default), or timeline if a step arms it"`
	Optional bool   `yaml:"optional,omitempty" about:"need not fire; else a fault that never fires fails the run"`

	// Comment stands before the fault in the file, without its "#".
	Comment string `yaml:"-"`
}

// Schedule is how a simulation orders its actors; other tiers ignore it.
type Schedule struct {
	Strategy string `yaml:"strategy,omitempty" about:"strategy of the scheduler; default random"`
	Depth    int64  `yaml:"depth,omitempty" about:"depth of the strategy pct, or preemptions of exhaustive; default 3"`
	Seed     int64  `yaml:"seed,omitempty" about:"seed of the run, unless --seed gives another; default a new one"`
}

// Expect is what must have come to pass when the story ends.
type Expect struct {
	Generations int64            `yaml:"generations,omitempty" about:"at least so many generations were published"`
	Snapshots   int64            `yaml:"snapshots,omitempty" about:"at least so many snapshots were downloaded whole"`
	Outcomes    map[string]int64 `yaml:"outcomes,omitempty" about:"at least so many rebuilds ended so"`
	States      []string         `yaml:"states,omitempty" about:"states that staging was in"`
	Quarantined *int64           `yaml:"quarantined,omitempty" about:"exactly so many generations were put in quarantine"`
	Faults      []string         `yaml:"faults,omitempty" about:"faults that fired although they are optional"`
	Converge    Duration         `yaml:"converge" about:"so long after traffic and faults stop, Recon equals the OM at the latest"`
}

// Threshold is a figure that a run must reach or keep, in all tiers or in some.
// In a file it is the expression alone, or {expr: ..., tiers: [...]}.
type Threshold struct {
	Expr  Expression `yaml:"expr" about:"the expression"`
	Tiers []string   `yaml:"tiers,omitempty" about:"tiers it counts in; default all"`
}

// Fault.Armed values.
const (
	ArmedAtStart    = "start"
	ArmedByTimeline = "timeline"
)

// Bounds on numbers in a scenario.
const (
	maxOMs      = 31
	maxKeys     = 10_000_000_000
	maxReaders  = 100_000
	maxSteps    = 1000
	maxFaults   = 1000
	maxRate     = 10_000_000
	maxDuration = Duration(7 * 24 * 3600 * 1e9)
)
