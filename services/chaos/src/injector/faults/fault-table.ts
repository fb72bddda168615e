/** The functions of every kind, one line each. A kind without a line does not compile. */
import type { FaultKind, ParamsOf } from '@encore/contracts';
import type { FaultFunctions } from '../fault-functions.ts';
import { bandwidth } from './bandwidth.ts';
import { connectionRefused } from './connection-refused.ts';
import { cpuThrottle } from './cpu-throttle.ts';
import { crash } from './crash.ts';
import { diskFull } from './disk-full.ts';
import { freeze } from './freeze.ts';
import { hang } from './hang.ts';
import { jitter } from './jitter.ts';
import { latency } from './latency.ts';
import { limitData } from './limit-data.ts';
import { memoryCap } from './memory-cap.ts';
import { memoryPressure } from './memory-pressure.ts';
import { outage } from './outage.ts';
import { partition } from './partition.ts';
import { resetPeer } from './reset-peer.ts';
import { restart } from './restart.ts';
import { slicer } from './slicer.ts';
import { slowClose } from './slow-close.ts';
import { timeout } from './timeout.ts';
import { toolStall } from './tool-stall.ts';
import { trafficSpike } from './traffic-spike.ts';

const functionsOf = {
  crash,
  outage,
  restart,
  freeze,
  hang,
  'memory-cap': memoryCap,
  'memory-pressure': memoryPressure,
  'tool-stall': toolStall,
  'cpu-throttle': cpuThrottle,
  'disk-full': diskFull,
  latency,
  jitter,
  bandwidth,
  'slow-close': slowClose,
  slicer,
  'limit-data': limitData,
  timeout,
  'reset-peer': resetPeer,
  'connection-refused': connectionRefused,
  partition,
  'traffic-spike': trafficSpike,
} satisfies { [Kind in FaultKind]: FaultFunctions<ParamsOf<Kind>> };

export const faultTable: Readonly<Record<FaultKind, FaultFunctions>> = functionsOf;
