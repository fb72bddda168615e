/** What a service runs instead of the program of its image. */
import type { Service } from '../compose/compose-model.ts';

/** Name of the program without its folder; empty if it is that of the image. */
export const programOf = ({ entrypoint, command }: Pick<Service, 'entrypoint' | 'command'>): string =>
  (entrypoint ?? command)?.[0]?.split('/').at(-1) ?? '';

/** Whether it runs `sh -c ...` or the like, which may start anything. */
export const runsShell = (service: Service): boolean => /^(ba|da|z)?sh$/.test(programOf(service));

/** Whether it runs a client of a database or of another server, which ends once it is done. */
export const runsClient = (service: Service): boolean =>
  /^(psql|pg_\w+|(mysql|mariadb)(?!d)[\w-]*|redis-cli|mongo(sh)?|kafka-(?!server)[\w.-]+|mc|curl)$/.test(
    programOf(service),
  );
