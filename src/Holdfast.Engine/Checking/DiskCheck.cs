using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;

namespace Holdfast.Engine.Checking;

/// <summary>
/// Checks that there is enough free space where data is written, and that the file system is writable.
/// </summary>
/// <param name="places">What is written, where, and how much space it needs; finding the place may fail, for example
/// when no repository is configured.</param>
/// <param name="space">Queries the kernel about a path.</param>
public sealed class DiskCheck(IReadOnlyList<(string What, Func<string> Path, DiskLimits Limits)> places, Func<string, FileSystemSpace> space) : ICheckSource
{
    public string Name => "disk";

    public string Question => "free space";

    public async Task<IReadOnlyList<CheckLine>> CheckAsync(CancellationToken cancellation)
    {
        var questions = new CheckQuestions(Name, cancellation);
        foreach (var (what, path, limits) in places) await questions.AskAsync(what, () => Task.FromResult(Judge(what, path(), limits)));
        return questions.Lines;
    }

    private CheckLine Judge(string what, string path, DiskLimits limits)
    {
        var found = Read(path);
        var text = $"{ByteSize.Describe(found.Free)} free of {ByteSize.Describe(found.Total)}, where {path} lies";
        if (found.IsReadOnly) return Line(CheckState.Fail, $"read-only, where {path} lies", "Mount it so that it can be written; a file system that turned read-only by itself has had errors: look at the kernel's log.");
        if (found.Free < limits.FailBelow) return Line(CheckState.Fail, text, "Make room there before a backup begins.");
        if (found is { Entries: > 0, FreeEntries: 0 }) return Line(CheckState.Fail, $"no entry (inode) is free, where {path} lies", "Remove files there, many small ones it will be: df -i shows it.");
        if (found.Free < limits.WarnBelow || found.Free * 100.0 < found.Total * (double)limits.WarnPercent) return Line(CheckState.Warn, text, "Make room there soon, or say in 'checks: disk:' of the profile how much is enough.");
        return found.Entries > 0 && found.FreeEntries * 100.0 < found.Entries
            ? Line(CheckState.Warn, $"only {found.FreeEntries} entries (inodes) are free, where {path} lies", "Remove files there, many small ones it will be: df -i shows it.")
            : new CheckLine(Name, what, CheckState.Pass, text);

        CheckLine Line(CheckState state, string found, string hint) => new(Name, what, state, found) { Hint = hint };
    }

    private FileSystemSpace Read(string path)
    {
        try
        {
            return space(path);
        }
        catch (IOException refused)
        {
            throw Catalogue.CheckFailed.Throwable($"The file system cannot be asked: {refused.Message}.", "Look at the mount, and whether this user may enter it.", refused);
        }
    }
}
