using System.Diagnostics;

namespace Holdfast.Engine.Hosts;

/// <summary>
/// A process of this machine. Its standard error is read continuously; it is killed with all processes it has started
/// when it is disposed of or its wait is cancelled.
/// </summary>
internal sealed class LocalProgram : IRunningProgram
{
    private readonly Process _process;
    private readonly ErrorTail _errors = new();
    private readonly Task _draining;

    public LocalProgram(Process process)
    {
        _process = process;
        _draining = _errors.DrainAsync(process.StandardError.BaseStream);
    }

    public Stream Input => _process.StandardInput.BaseStream;
    public Stream Output => _process.StandardOutput.BaseStream;
    public string Errors => _errors.ToString();

    public async Task<ProgramResult> WaitAsync(CancellationToken cancellation)
    {
        try
        {
            await _process.WaitForExitAsync(cancellation);
            // A grandchild may keep standard error open long after the program has ended.
            await Task.WhenAny(_draining, Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, cancellation));
            return new ProgramResult(_process.ExitCode, _errors.ToString());
        }
        catch (OperationCanceledException)
        {
            Kill();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Kill()
    {
        try
        {
            if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // The process ended between the check and the kill, as intended.
        }
    }
}
