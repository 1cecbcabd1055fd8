using System.Buffers.Binary;

namespace Holdfast.Restic.Snapshots;

/// <summary>
/// The ACL of a file, as its extended attribute has it: a version of 4 bytes, then entries of a tag (2), rights (2) and a user or group (4),
/// little-endian. Source: linux/posix_acl_xattr.h.
/// </summary>
internal static class AccessList
{
    public const string Attribute = "system.posix_acl_access", Default = "system.posix_acl_default";

    private const int HeaderSize = 4, EntrySize = 8;
    private const ushort OwningGroup = 4;
    private const int GroupShift = 3;
    private const uint All = 7, GroupBits = All << GroupShift;

    /// <summary>
    /// Returns the mode of a file that loses its ACL. Its group bits are the mask, the upper limit for users and groups
    /// named in the ACL; without the ACL they would grant those permissions to the owning group.
    /// </summary>
    public static uint WithoutList(uint mode, IReadOnlyList<ExtendedAttribute> attributes)
    {
        foreach (var attribute in attributes)
            if (attribute.Name == Attribute) mode &= ~GroupBits | (RightsOfGroup(attribute.Value.Span) << GroupShift);
        return mode;
    }

    // An invalid list would not have been stored by the kernel, and restricts nothing.
    private static uint RightsOfGroup(ReadOnlySpan<byte> list)
    {
        for (var at = HeaderSize; at + EntrySize <= list.Length; at += EntrySize)
            if (BinaryPrimitives.ReadUInt16LittleEndian(list[at..]) == OwningGroup)
                return BinaryPrimitives.ReadUInt16LittleEndian(list[(at + 2)..]) & All;
        return All;
    }
}
