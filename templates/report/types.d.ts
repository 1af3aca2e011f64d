// The document that the page draws (docs/page.md), as far as the page uses it.
interface Doc {
  version: number; made_by: string; made_at: number;
  project: { name: string; file: string };
  has_values: boolean; left_out: string[];
  layers: Layer[]; processes: Process[]; picture: Picture; tall_picture: Picture; instances: Instance[];
  details: Record<string, Detail>; charts: Chart[]; builds: Build[]; timeline: Timeline | null;
}
interface Layer { kind: "data" | "seed"; process: number; arms: string[]; key?: string; by?: unknown; partitions?: Record<string, (Partition | null)[]> }
interface Partition { rows?: number; bytes?: number; digest: string }
interface Process {
  name: string; description?: string; kind: string; runs?: string; line: number; code?: [string, number];
  folder: string; target: string; path: string; steps: string[]; place: number[]; opens?: number; closes: number[];
  upstreams: number[]; plots: number[]; instances: [number, number]; counts: Record<string, number>;
  parameters?: Record<string, unknown>; environment?: string;
}
interface Picture {
  width: number; height: number; boxes: [number, number][];
  edges: { from: number; to: number; path: string }[];
  bands: { band: number; path: string; title: [number, number]; room: number }[];
}
interface Instance {
  process: number; arms?: string; state: string; running?: boolean; failed?: boolean; dropped?: string; last?: Last;
  metrics?: Metrics; steps?: Record<string, Metrics>;
}
type Metrics = Record<string, unknown>;
interface Last { outcome: string; kind?: string; at: number; ran: number; waited?: number; cpu?: number; memory?: number; host?: string; job?: string; attempt?: number }
interface Reason { text: string; because?: Reason[] }
interface Detail {
  headline: string; because: Reason[]; last_run?: { said: string; because: Reason[] };
  observed: [string, string][]; inputs: number[]; outputs: Output[]; files: Output[]; log?: { bytes: number; tail: string };
}
interface Output { key: string; format: string; file: string; bytes?: number; rows?: number; digest: string; head?: Head }
interface Head { kind: string; columns?: string[]; types?: string[]; index?: number; rows?: (string | null)[][]; size?: [number, number]; is_cut?: boolean; dtype?: string; shape?: number[]; text?: string; url?: string }
interface Chart { instance: number; files: Output[]; probes: Probe[]; script?: { file: string; module?: string; needs_chart_js: boolean; problem?: string } }
interface Probe { key: string; instance: number; step?: string; alias?: string }
interface Build { tool: string; from: number; to: number; running: boolean; outcomes: Record<string, number>; cpu: number; saved: number }
interface Timeline {
  build: number; spans: Span[]; slots: number; critical: [number[], number]; slowest: number[];
  failures: { instance: number; kind: string; dropped?: boolean; message?: string }[];
}
interface Span { instance: number; from: number; to: number; waited?: number; outcome: string; slot: number }
interface Assets { frame: string; chart_js: string | null; is_live: boolean }
