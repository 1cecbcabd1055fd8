namespace Holdfast.Engine.Hosts;

/// <summary>A running program. Disposing it kills it if it still runs.</summary>
public interface IRunningProgram : IAsyncDisposable
{
    Stream Input { get; }
    Stream Output { get; }

    /// <summary>The last 64 KiB that the program has written to standard error so far.</summary>
    string Errors { get; }

    /// <summary>Waits for the program to end. Standard error is collected meanwhile.</summary>
    Task<ProgramResult> WaitAsync(CancellationToken cancellation);
}
