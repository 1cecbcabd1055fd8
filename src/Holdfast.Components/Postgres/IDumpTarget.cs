using System.Text;
using Holdfast.Engine.Running;

namespace Holdfast.Components.Postgres;

/// <summary>Where the files of a dump go: the recovery point in the making.</summary>
internal interface IDumpTarget
{
    /// <summary>Keeps what the stream delivers, to its end. When reading fails there is no such file. May be called from several threads.</summary>
    Task AddAsync(string path, Stream content, CancellationToken cancellation);
}

/// <summary>The recovery point in the making.</summary>
internal sealed class SnapshotTarget(CaptureSession session) : IDumpTarget
{
    public Task AddAsync(string path, Stream content, CancellationToken cancellation) =>
        session.Writer.AddStreamAsync(path, content, metadata: null, cancellation);
}

internal static class DumpTargetExtensions
{
    public static async Task AddTextAsync(this IDumpTarget target, string path, string text, CancellationToken cancellation)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(text));
        await target.AddAsync(path, content, cancellation);
    }
}
