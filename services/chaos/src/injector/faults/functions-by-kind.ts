/** The functions of every kind, one line each, under the name of the kind. */

export { bandwidth } from './bandwidth.ts';
export { connectionRefused as 'connection-refused' } from './connection-refused.ts';
export { cpuThrottle as 'cpu-throttle' } from './cpu-throttle.ts';
export { crash } from './crash.ts';
export { diskFull as 'disk-full' } from './disk-full.ts';
export { freeze } from './freeze.ts';
export { hang } from './hang.ts';
export { jitter } from './jitter.ts';
export { latency } from './latency.ts';
export { limitData as 'limit-data' } from './limit-data.ts';
export { memoryCap as 'memory-cap' } from './memory-cap.ts';
export { memoryPressure as 'memory-pressure' } from './memory-pressure.ts';
export { outage } from './outage.ts';
export { partition } from './partition.ts';
export { resetPeer as 'reset-peer' } from './reset-peer.ts';
export { restart } from './restart.ts';
export { slicer } from './slicer.ts';
export { slowClose as 'slow-close' } from './slow-close.ts';
export { slowStart as 'slow-start' } from './slow-start.ts';
export { timeout } from './timeout.ts';
export { toolStall as 'tool-stall' } from './tool-stall.ts';
export { trafficSpike as 'traffic-spike' } from './traffic-spike.ts';
