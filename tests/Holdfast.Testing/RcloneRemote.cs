using System.Globalization;

namespace Holdfast.Testing;

/// <summary>
/// A remote of the real rclone that stores in a folder, its configuration, and a folder for PATH in which "rclone"
/// notes its process before it is rclone.
/// </summary>
public sealed class RcloneRemote : IDisposable
{
    private readonly TempFolder _folder = new();

    /// <summary>Skips the test when rclone is not installed.</summary>
    public RcloneRemote()
    {
        var rclone = Require.Program("rclone");
        Configuration = _folder.Write("rclone.conf", $"[store]\ntype = alias\nremote = {_folder.Folder("data")}\n");
        var script = _folder.Write("path/rclone", $"#!/bin/sh\necho $$ >> {_folder["started"]}\nexec {rclone} \"$@\"\n");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    /// <summary>The file of rclone's configuration.</summary>
    public string Configuration { get; }

    /// <summary>What <see cref="Location"/> says to rclone.</summary>
    public string Remote => "store:shop/repository";

    /// <summary>The location of a repository on it.</summary>
    public string Location => $"rclone:{Remote}";

    /// <summary>Where the remote stores.</summary>
    public string Data => _folder["data"];

    /// <summary>PATH, with our rclone before all.</summary>
    public string SearchPath => $"{_folder["path"]}:{Environment.GetEnvironmentVariable("PATH")}";

    /// <summary>The processes that were started so far, in their order.</summary>
    public IReadOnlyList<int> Started => File.Exists(_folder["started"])
        ? [.. File.ReadAllLines(_folder["started"]).Select(line => int.Parse(line, CultureInfo.InvariantCulture))]
        : [];

    public void Dispose() => _folder.Dispose();
}
