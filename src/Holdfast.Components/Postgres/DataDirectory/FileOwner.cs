using System.Globalization;
using System.Runtime.InteropServices;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Snapshots;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Components.Postgres.DataDirectory;

/// <summary>
/// The owner of a cluster's files: PostgreSQL does not start as anybody else. Names count, because numbers differ from machine to machine. What a point
/// says is looked up before it is used: root is refused, and only numbers reach a program.
/// </summary>
internal sealed partial class FileOwner
{
    private const uint GroupReads = 0x1E8; // 0750, all that PostgreSQL takes

    private readonly IHost _host;
    private readonly Node _folder;

    private FileOwner(IHost host, Node folder, (uint User, uint Group)? number) => (_host, _folder, Number) = (host, folder, number);

    /// <summary>The user that the server runs as; null where the machine that the point is of had no name for it.</summary>
    public string? User => _folder.User.Length > 0 ? _folder.User : null;

    /// <summary>The user for a person to read: by name where there is one, else by number.</summary>
    public string Name => User ?? Number?.User.ToString(CultureInfo.InvariantCulture) ?? "";

    /// <summary>User and group on this machine; null when the process is not root's and cannot give files away.</summary>
    public (uint User, uint Group)? Number { get; }

    /// <summary>Looks the owner of the data directory of a recovery point up.</summary>
    /// <exception cref="ProblemException">There is no such user here, or it is root.</exception>
    public static async Task<FileOwner> FindAsync(IHost host, Node folder, CancellationToken cancellation)
    {
        if (folder.User.StartsWith('-') || folder.User.Any(char.IsControl)) throw Refused($"The owner of the cluster's files has no valid name: '{folder.User}'.");
        if (!Environment.IsPrivilegedProcess) return new FileOwner(host, folder, null);
        var user = folder.User.Length > 0 ? await FindAsync(host, "passwd", folder.User, cancellation) : folder.Uid;
        if (user is not { } found)
            throw Refused($"The files of the cluster belong to the system user \"{folder.User}\", which this machine does not have.");
        if (found == 0) throw Refused("The recovery point gives the files of the cluster to root, and PostgreSQL does not run as root.");
        var group = folder.Group.Length > 0 ? await FindAsync(host, "group", folder.Group, cancellation) : folder.Gid;
        return new FileOwner(host, folder, (found, group ?? await PrimaryAsync(host, found, cancellation) ?? folder.Gid));
    }

    /// <summary>Gives all that lies in a folder to the owner; links are not followed.</summary>
    /// <param name="path">The folder, as other programs of this machine reach it.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task TakeAsync(string path, CancellationToken cancellation)
    {
        if (Number is { } owner) await _host.CallAsync("chown", ["-R", "-h", "--", string.Create(CultureInfo.InvariantCulture, $"{owner.User}:{owner.Group}"), path], Catalogue.PostgresFiles, cancellation);
    }

    /// <summary>Gives an open folder of root's to the owner, with the mode that the server wants.</summary>
    /// <exception cref="IOException">It cannot be given away.</exception>
    public void Give(SafeFileHandle folder)
    {
        if (Number is { } number) Give(folder, number);
        SetMode(folder);
    }

    /// <summary>Gives an open folder of root's away; its mode stays.</summary>
    /// <exception cref="IOException">It cannot be given away.</exception>
    public static void Give(SafeFileHandle folder, (uint User, uint Group) owner)
    {
        if (fchown(folder, owner.User, owner.Group) != 0) throw new IOException(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchown(SafeFileHandle file, uint user, uint group);

    /// <summary>Gives an open folder the mode that the data directory had; more than the owner's group may never look into one.</summary>
    public void SetMode(SafeFileHandle folder) =>
        File.SetUnixFileMode(folder, ((UnixFileMode)(_folder.Mode & GroupReads)) | UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    /// <summary>Makes everything on the file system of a folder survive a power cut.</summary>
    public Task SyncAsync(string path, CancellationToken cancellation) => _host.CallAsync("sync", ["-f", "--", path], Catalogue.PostgresFiles, cancellation);

    private static async Task<uint?> FindAsync(IHost host, string database, string name, CancellationToken cancellation) => Third((await host.RunAsync(new ProgramCall("getent", [database, "--", name]), cancellation)).Output);

    private static async Task<uint?> PrimaryAsync(IHost host, uint user, CancellationToken cancellation) =>
        uint.TryParse((await host.RunAsync(new ProgramCall("id", ["-g", "--", user.ToString(CultureInfo.InvariantCulture)]), cancellation)).Output.Trim(), out var group) ? group : null;

    /// <summary>Both databases have the number in their third field. Source: passwd(5), group(5).</summary>
    private static uint? Third(string line) => line.Split(':') is [_, _, var number, ..] && uint.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var found) ? found : null;

    private static ProblemException Refused(string why) => Catalogue.PostgresFiles.Throwable(why, "Install the server package of PostgreSQL, which makes the user, or make the user; restore a recovery point that you trust.");
}
