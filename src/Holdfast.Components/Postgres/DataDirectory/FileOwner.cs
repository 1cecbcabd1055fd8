using System.Globalization;
using System.Runtime.InteropServices;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Snapshots;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Components.Postgres.DataDirectory;

/// <summary>
/// The owner of a cluster's files: PostgreSQL does not start as any other user. Users are matched by name, because IDs
/// differ from machine to machine. The name in a recovery point is looked up before it is used: root is refused, and
/// only IDs are passed to a program.
/// </summary>
internal sealed partial class FileOwner
{
    private const uint GroupReads = 0x1E8; // 0750, the most that PostgreSQL accepts

    private readonly IHost _host;
    private readonly Node _folder;

    private FileOwner(IHost host, Node folder, (uint User, uint Group)? number) => (_host, _folder, Number) = (host, folder, number);

    /// <summary>
    /// The user that the server runs as; null where the machine of the recovery point had no name for it.
    /// </summary>
    public string? User => _folder.User.Length > 0 ? _folder.User : null;

    /// <summary>The user for messages: its name where there is one, else its ID.</summary>
    public string Name => User ?? Number?.User.ToString(CultureInfo.InvariantCulture) ?? "";

    /// <summary>
    /// User and group ID on this machine; null when the process is not root and cannot change owners.
    /// </summary>
    public (uint User, uint Group)? Number { get; }

    /// <summary>Looks up the owner of the data directory of a recovery point.</summary>
    /// <exception cref="ProblemException">The user does not exist on this machine, or is root.</exception>
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

    /// <summary>Changes the owner of everything in a folder; links are not followed.</summary>
    /// <param name="path">The folder, as other programs of this machine access it.</param>
    /// <param name="cancellation">Cancels the operation.</param>
    public async Task TakeAsync(string path, CancellationToken cancellation)
    {
        if (Number is { } owner) await _host.CallAsync("chown", ["-R", "-h", "--", string.Create(CultureInfo.InvariantCulture, $"{owner.User}:{owner.Group}"), path], Catalogue.PostgresFiles, cancellation);
    }

    /// <summary>Changes the owner of an open folder of root's, and sets the mode that the server requires.</summary>
    /// <exception cref="IOException">The owner cannot be changed.</exception>
    public void Give(SafeFileHandle folder)
    {
        if (Number is { } number) Give(folder, number);
        SetMode(folder);
    }

    /// <summary>Changes the owner of an open folder of root's; its mode is kept.</summary>
    /// <exception cref="IOException">The owner cannot be changed.</exception>
    public static void Give(SafeFileHandle folder, (uint User, uint Group) owner)
    {
        if (fchown(folder, owner.User, owner.Group) != 0) throw new IOException(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchown(SafeFileHandle file, uint user, uint group);

    /// <summary>
    /// Sets the mode that the data directory had on an open folder, limited to access by owner and group.
    /// </summary>
    public void SetMode(SafeFileHandle folder) =>
        File.SetUnixFileMode(folder, ((UnixFileMode)(_folder.Mode & GroupReads)) | UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    /// <summary>Syncs the file system of a folder, so that everything on it survives a power failure.</summary>
    public Task SyncAsync(string path, CancellationToken cancellation) => _host.CallAsync("sync", ["-f", "--", path], Catalogue.PostgresFiles, cancellation);

    private static async Task<uint?> FindAsync(IHost host, string database, string name, CancellationToken cancellation) => Third((await host.RunAsync(new ProgramCall("getent", [database, "--", name]), cancellation)).Output);

    private static async Task<uint?> PrimaryAsync(IHost host, uint user, CancellationToken cancellation) =>
        uint.TryParse((await host.RunAsync(new ProgramCall("id", ["-g", "--", user.ToString(CultureInfo.InvariantCulture)]), cancellation)).Output.Trim(), out var group) ? group : null;

    /// <summary>
    /// Returns the third field of a line, which is the ID in both databases. Source: passwd(5), group(5).
    /// </summary>
    private static uint? Third(string line) => line.Split(':') is [_, _, var number, ..] && uint.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var found) ? found : null;

    private static ProblemException Refused(string why) => Catalogue.PostgresFiles.Throwable(why, "Install the server package of PostgreSQL, which makes the user, or make the user; restore a recovery point that you trust.");
}
