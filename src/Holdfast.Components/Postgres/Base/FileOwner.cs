using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.Base;

/// <summary>Whom a cluster's files belong to: PostgreSQL refuses to start as anybody else. By name, for numbers differ from machine to machine.</summary>
internal sealed class FileOwner(IHost host, Node folder)
{
    /// <summary>The user that the server runs as; null where the machine that the point is of had no name for it.</summary>
    public string? User => folder.User.Length > 0 ? folder.User : null;

    /// <summary>Gives all that lies in a folder to the owner, and the folder the mode that the data directory had. Only root can, and only root needs to.</summary>
    public async Task TakeAsync(string path, CancellationToken cancellation)
    {
        File.SetUnixFileMode(path, (UnixFileMode)(folder.Mode & GoMode.Permissions));
        if (Environment.IsPrivilegedProcess) await host.CallAsync("chown", ["-R", "-h", Name, "--", path], Catalogue.PostgresFiles, cancellation);
    }

    /// <summary>Gives one file to the owner.</summary>
    public async Task TakeFileAsync(string path, CancellationToken cancellation)
    {
        if (Environment.IsPrivilegedProcess) await host.CallAsync("chown", ["-h", Name, "--", path], Catalogue.PostgresFiles, cancellation);
    }

    private string Name => $"{User ?? $"{folder.Uid}"}:{(folder.Group.Length > 0 ? folder.Group : $"{folder.Gid}")}";

    /// <summary>Makes everything on the file system of a folder survive a power cut.</summary>
    public Task SyncAsync(string path, CancellationToken cancellation) => host.CallAsync("sync", ["-f", "--", path], Catalogue.PostgresFiles, cancellation);
}
