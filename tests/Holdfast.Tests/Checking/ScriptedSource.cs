using Holdfast.Engine.Checking;

namespace Holdfast.Tests.Checking;

/// <summary>A source that does what a test says.</summary>
internal sealed class ScriptedSource(string name, Func<CancellationToken, Task<IReadOnlyList<CheckLine>>> check) : ICheckSource
{
    public ScriptedSource(string name, params CheckState[] states)
        : this(name, _ => Task.FromResult<IReadOnlyList<CheckLine>>([.. states.Select(state => new CheckLine(name, "scripted", state, "so it is") { Hint = state == CheckState.Pass ? null : "Do this." })]))
    {
    }

    public string Name => name;

    public string Question => "scripted";

    public TimeSpan Waits { get; init; }

    public Task<IReadOnlyList<CheckLine>> CheckAsync(CancellationToken cancellation) => check(cancellation);
}
