using Holdfast.Components.Postgres.Format;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>A request to archive a file, whose caller waits until the file is durable.</summary>
/// <param name="Cluster">The cluster that wrote it.</param>
/// <param name="File">The kind and name of the file.</param>
/// <param name="Path">The path on this machine; empty for a file in memory.</param>
/// <param name="Source">The content.</param>
/// <param name="User">The user ID of the caller.</param>
internal sealed record WalPush(string Cluster, WalFile File, string Path, WalSource Source, uint User)
{
    private readonly TaskCompletionSource<Problem?> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The result: null when the file is durable, else the problem.</summary>
    public Task<Problem?> Done => _done.Task;

    public void Answer(Problem? problem) => _done.TrySetResult(problem);

    /// <summary>Identifies the version of the file that was stored.</summary>
    public (long Length, Restic.Timestamp? Written, string Path) Fingerprint => (Source.Length, Source.Metadata.ModifyTime, Path);
}
