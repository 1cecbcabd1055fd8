using System.Security.Cryptography;
using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Backends;

/// <summary>
/// Directories of the local cache: nobody but the running user and root can write or exchange one, and files in them are
/// reached by descriptors alone. Failures are <see cref="IOException"/>.
/// </summary>
internal static class CacheFolder
{
    private const uint Private = 0x1C0; // 0700

    /// <summary>Programs that make backups leave out a directory with this file. Source: bford.info/cachedir.</summary>
    private const string TagName = "CACHEDIR.TAG";

    private static ReadOnlySpan<byte> Tag =>
        "Signature: 8a477f597d28d172789f06886806bc55\n# Files of repositories that Holdfast can read again.\n"u8;

    /// <summary>Opens a directory below the cache, and makes it and those above it with mode 0700 when they are missing.</summary>
    /// <exception cref="IOException">It cannot be made, or another user can change what is in it.</exception>
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

    /// <summary>Opens a directory in another one, and makes it when it is missing.</summary>
    public static OpenFolder Below(OpenFolder folder, string name)
    {
        if (!folder.TryFind(name, out _)) MakeFolder(folder, name);
        var below = folder.Open(name);
        if (Trust.Protects(below.Status)) return below;
        using (below) throw PosixException.Refused(below.Path, $"{below.Path} is not used: another user can write in it");
    }

    /// <summary>Writes a file that is whole under its name, or not there; what was there is replaced.</summary>
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

    /// <summary>A regular file for reading; null when there is none.</summary>
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
            Remove(folder, name); // a link, a FIFO, a device: not one of ours
            return null;
        }
    }

    /// <summary>Removes a file; gone already is fine.</summary>
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

    /// <summary>Another process may make it at the same time.</summary>
    private static void MakeFolder(OpenFolder parent, string name)
    {
        try
        {
            parent.MakeFolder(name, Private);
        }
        catch (PosixException made) when (made.Errno == Errno.EEXIST)
        {
            // It is opened next.
        }
    }
}
