using Holdfast.Components.Postgres.Format;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>Somebody waits until a file is durable.</summary>
/// <param name="Cluster">Whose it is.</param>
/// <param name="File">What it is.</param>
/// <param name="Path">Where it is on this machine; empty for one that is in memory.</param>
/// <param name="Source">Its content.</param>
/// <param name="User">Who asked.</param>
internal sealed record WalPush(string Cluster, WalFile File, string Path, WalSource Source, uint User)
{
    private readonly TaskCompletionSource<Problem?> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Null when it is durable; else why it is not.</summary>
    public Task<Problem?> Done => _done.Task;

    public void Answer(Problem? problem) => _done.TrySetResult(problem);

    /// <summary>What tells whether it is still the file that was stored.</summary>
    public (long Length, Restic.Timestamp? Written, string Path) Fingerprint => (Source.Length, Source.Metadata.ModifyTime, Path);
}
