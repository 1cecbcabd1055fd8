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
    /// <param name="target">Where to.</param>
    /// <param name="path">Its name.</param>
    /// <param name="text">What it says.</param>
    /// <param name="bytewise">Characters are bytes; else the file is UTF-8.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task AddTextAsync(this IDumpTarget target, string path, string text, bool bytewise, CancellationToken cancellation)
    {
        using var content = new MemoryStream((bytewise ? Encoding.Latin1 : Encoding.UTF8).GetBytes(text));
        await target.AddAsync(path, content, cancellation);
    }
}
