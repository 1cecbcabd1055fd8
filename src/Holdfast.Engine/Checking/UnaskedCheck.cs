namespace Holdfast.Engine.Checking;

/// <summary>A check that cannot be performed, reported as a warning, so that it does not count as passed.</summary>
public sealed class UnaskedCheck(string name, string question, string reason, string hint) : ICheckSource
{
    public string Name => name;

    public string Question => question;

    public Task<IReadOnlyList<CheckLine>> CheckAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<CheckLine>>([new CheckLine(name, question, CheckState.Warn, $"not asked: {reason}") { Hint = hint }]);
}
