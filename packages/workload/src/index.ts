/** What a workload may import from `@encore/workload`. docs/WORKLOADS.md explains it by example. */

export { digestOf } from './digest.ts';
export { CheckFailed, corrupt, type Failure, RequestFailed, refused, stale } from './failure.ts';
export type { Attempt, Body, DataRequest, Http, Request, RequestOrBuilder, Response, Upload } from './http.ts';
export { McpClient, type McpOptions, type McpTool, type McpToolResult } from './mcp.ts';
export type { Check, Context, Parameters, Planning, RunInfo, User, UserInfo, WriteOptions } from './user.ts';
export {
  defineWorkload,
  type ErrorFormat,
  type ListedObject,
  type LoadFaults,
  type Operation,
  type Probe,
  type ProbeExpectation,
  type Stall,
  type StallCall,
  type StoredObject,
  type Workload,
} from './workload.ts';
