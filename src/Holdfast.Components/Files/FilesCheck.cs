using Holdfast.Engine.Checking;

namespace Holdfast.Components.Files;

/// <summary>Checks that the local repository is outside of what is captured.</summary>
/// <param name="files">The files component.</param>
/// <param name="repository">The absolute path of the repository.</param>
public sealed class FilesCheck(FilesComponent files, string repository) : ICheckSource
{
    public string Name => "files";

    public string Question => "repository outside";

    public Task<IReadOnlyList<CheckLine>> CheckAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<CheckLine>>(
        [files.WarnOfRepository(repository) is { } captured
            ? new CheckLine(Name, Question, CheckState.Warn, captured.Message) { Hint = captured.Hint }
            : new CheckLine(Name, Question, CheckState.Pass, $"{repository} is not captured")]);
}
