using System.Security.Cryptography;
using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Backends;

/// <summary>
/// Directories of the local cache: only the running user and root can write to one or replace one, and files in them
/// are accessed only by descriptors. Failures are <see cref="IOException"/>.
/// </summary>
internal static class CacheFolder
{
    private const uint Private = 0x1C0; // 0700

    /// <summary>Backup programs exclude a directory that contains this file. Source: bford.info/cachedir.</summary>
    private const string TagName = "CACHEDIR.TAG";

    private static ReadOnlySpan<byte> Tag =>
        "Signature: 8a477f597d28d172789f06886806bc55\n# Files of repositories that Holdfast can read again.\n"u8;

    /// <summary>Opens a directory below the cache; creates missing directories on the path with mode 0700.</summary>
    /// <exception cref="IOException">It cannot be created, or another user can change what is in it.</exception>
    public static OpenFolder Open(string path, string name)
    {
        var (top, isTrusted) = TrustedPath.Open(path, Make)!.Value;
        using (top)
        {
            if (!isTrusted) throw PosixException.Refused(path, $"{path} is not used: another user can write or rename a directory on the way to it");
            if (!top.TryFind(TagName, out _)) Write(top, TagName, Tag);
            return Below(top, name);
        }

        static bool Make(OpenFolder parent, string missing, bool isTrusted)
        {
            MakeFolder(parent, missing);
            return true;
        }
    }

    /// <summary>Opens a directory in another one, and creates it when it is missing.</summary>
    public static OpenFolder Below(OpenFolder folder, string name)
    {
        if (!folder.TryFind(name, out _)) MakeFolder(folder, name);
        var below = folder.Open(name);
        if (Trust.Protects(below.Status)) return below;
        using (below) throw PosixException.Refused(below.Path, $"{below.Path} is not used: another user can write in it");
    }

    /// <summary>
    /// Writes a file atomically: it is complete under its name, or absent. An existing file is replaced.
    /// </summary>
    public static void Write(OpenFolder folder, string name, ReadOnlySpan<byte> content)
    {
        var making = $"{name}-tmp-{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
        using (var file = folder.Create(making))
        {
            try
            {
                FileCalls.Write(file, content, 0, folder.PathOf(making));
            }
            catch
            {
                Remove(folder, making);
                throw;
            }
        }
        folder.Rename(making, name);
    }

    /// <summary>Opens a regular file for reading; null when there is none.</summary>
    public static SafeFileHandle? OpenOrNothing(OpenFolder folder, string name)
    {
        try
        {
            return folder.OpenRead(name);
        }
        catch (PosixException missing) when (missing.Errno == Errno.ENOENT)
        {
            return null;
        }
        catch (PosixException other) when (other.Errno == Errno.ELOOP)
        {
            Remove(folder, name); // a link, a FIFO or a device: not created by the cache
            return null;
        }
    }

    /// <summary>Removes a file; a file that does not exist is not an error.</summary>
    public static void Remove(OpenFolder folder, string name)
    {
        try
        {
            folder.Unlink(name);
        }
        catch (PosixException gone) when (gone.Errno == Errno.ENOENT)
        {
            // Another process has removed it.
        }
    }

    /// <summary>Creates a directory; another process may create it at the same time.</summary>
    private static void MakeFolder(OpenFolder parent, string name)
    {
        try
        {
            parent.MakeFolder(name, Private);
        }
        catch (PosixException made) when (made.Errno == Errno.EEXIST)
        {
            // Another process has created it; it is opened next.
        }
    }
}
