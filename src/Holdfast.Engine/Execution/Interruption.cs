using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Execution;

/// <summary>Stops a run from outside of its steps: a person or the system does (ctrl-c, SIGTERM), or a lock that was lost.</summary>
internal sealed class Interruption(CancellationToken outer) : IDisposable
{
    private readonly CancellationTokenSource _source = CancellationTokenSource.CreateLinkedTokenSource(outer);
    private Problem? _reason;

    public CancellationToken Token => _source.Token;

    public bool IsRequested => _source.IsCancellationRequested;

    /// <summary>The reason for the interruption; when none was given, a person or the system requested it.</summary>
    public Problem Reason => _reason ?? Catalogue.RunInterrupted.With("The run was interrupted.");

    public void Stop(Problem reason)
    {
        _reason ??= reason;
        _source.Cancel();
    }

    public void Dispose() => _source.Dispose();
}
