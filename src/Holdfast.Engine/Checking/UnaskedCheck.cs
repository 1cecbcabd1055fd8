namespace Holdfast.Engine.Checking;

/// <summary>Something that ought to be asked, and that nobody knows how to: a warning, so that it is not taken for asked.</summary>
public sealed class UnaskedCheck(string name, string question, string reason, string hint) : ICheckSource
{
    public string Name => name;

    public string Question => question;

    public Task<IReadOnlyList<CheckLine>> CheckAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<CheckLine>>([new CheckLine(name, question, CheckState.Warn, $"not asked: {reason}") { Hint = hint }]);
}
