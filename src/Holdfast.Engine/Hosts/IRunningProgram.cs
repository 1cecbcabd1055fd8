namespace Holdfast.Engine.Hosts;

/// <summary>A running program. Disposing it kills it if it still runs.</summary>
public interface IRunningProgram : IAsyncDisposable
{
    Stream Input { get; }
    Stream Output { get; }

    /// <summary>The last 64 KiB that it has written to standard error so far.</summary>
    string Errors { get; }

    /// <summary>Waits for the end. Standard error is collected all the while.</summary>
    Task<ProgramResult> WaitAsync(CancellationToken cancellation);
}
