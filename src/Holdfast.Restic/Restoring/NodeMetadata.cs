using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Gives owner, attributes, mode and times to what was made, in this order: a change of owner clears setuid and capabilities,
/// setting an attribute needs the right to write, and all of them touch the times.
/// </summary>
internal static class NodeMetadata
{
    private const uint SetIdBits = 0xC00;

    /// <summary>Sets all metadata of a path (a symlink has owner and times only). Returns what failed, or null; the rest is set.</summary>
    public static string? Apply(Node node, string path)
    {
        var failures = new List<string>();
        var owned = SetOwner(() => MetadataCalls.SetOwner(path, node.Uid, node.Gid), failures);
        SetAttributes(node, path, failures);
        if (node.Type != NodeType.Symlink) Note(failures, () => MetadataCalls.SetPermissions(path, Permissions(node, owned)));
        Note(failures, () => MetadataCalls.SetTimes(path, node.AccessTime, node.ModifyTime));
        return Text(failures);
    }

    /// <summary>The same for a file that is open.</summary>
    public static string? Apply(Node node, SafeFileHandle file, string path)
    {
        var failures = new List<string>();
        var owned = SetOwner(() => MetadataCalls.SetOwner(file, node.Uid, node.Gid, path), failures);
        SetAttributes(node, path, failures);
        Note(failures, () => MetadataCalls.SetPermissions(file, Permissions(node, owned), path));
        Note(failures, () => MetadataCalls.SetTimes(file, node.AccessTime, node.ModifyTime, path));
        return Text(failures);
    }

    /// <summary>True when what stands there needs nothing set. Only root can give files away, so only root looks at owners.</summary>
    public static bool IsSame(Node node, string path, in FileStatus status)
    {
        if (!node.ModifyTime.IsSameInstant(status.ModifyTime)) return false;
        if (node.Type != NodeType.Symlink && (status.Mode & 0xFFF) != NodeMode.ToPermissions(node.Mode)) return false;
        if (Accounts.EffectiveUser == 0 && (node.Uid != status.Uid || node.Gid != status.Gid)) return false;
        return node.ExtendedAttributes.All(attribute => AttributeCalls.Get(path, attribute.Name) is { } value && attribute.Value.Span.SequenceEqual(value));
    }

    // As cp and tar do: what could not be given to its owner must not run with the rights of another.
    private static uint Permissions(Node node, bool owned) => NodeMode.ToPermissions(node.Mode) & ~(owned ? 0 : SetIdBits);

    private static bool SetOwner(Action set, List<string> failures)
    {
        try
        {
            set();
            return true;
        }
        catch (PosixException error) when (error.Errno == Errno.EPERM && Accounts.EffectiveUser != 0)
        {
            return false; // only root may; restic, cp and rsync pass over it too
        }
        catch (PosixException error) when (TargetFailure.Fatal(error) is null)
        {
            failures.Add(error.Message);
            return false;
        }
    }

    private static void SetAttributes(Node node, string path, List<string> failures)
    {
        if (node.Type == NodeType.Symlink) return;
        foreach (var attribute in node.ExtendedAttributes)
            Note(failures, () => AttributeCalls.Set(path, attribute.Name, attribute.Value.Span));
    }

    private static void Note(List<string> failures, Action action)
    {
        if (TargetFailure.Try(action) is { } failure) failures.Add(failure);
    }

    private static string? Text(List<string> failures) => failures.Count == 0 ? null : string.Join("; ", failures);
}
