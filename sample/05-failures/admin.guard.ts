import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';

/** Stands for whatever an application lets its administrators in with. */
@Injectable()
export class AdminGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Readonly<Record<string, unknown>> }>();
    return headers['x-admin'] === 'yes';
  }
}
